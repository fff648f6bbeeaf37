// Files with changed contents and fresh checksums: what a careful forger makes, or a bug in a writer.
import { createHash } from 'node:crypto';

interface Forged {
  [key: string]: unknown;
  sections: { name: string; offset: number; length: number; sha256: string }[];
}

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export function headerOf(file: Buffer): Forged {
  return JSON.parse(file.subarray(Number(file.readBigUInt64LE(16))).toString());
}

/** The file with another text as its header. */
export function withHeaderText(file: Buffer, text: string): Buffer {
  const headerOffset = Number(file.readBigUInt64LE(16));
  const header = Buffer.from(text);
  const forged = Buffer.concat([file.subarray(0, headerOffset), header]);
  forged.writeUInt32LE(header.length, 12);
  forged.writeBigUInt64LE(BigInt(forged.length), 24);
  sha256(forged.subarray(0, 32), header).copy(forged, 32);
  return forged;
}

/** The file with its header changed. */
export function withHeader(file: Buffer, change: (header: Forged) => void): Buffer {
  const header = headerOf(file);
  change(header);
  return withHeaderText(file, JSON.stringify(header));
}

/** The file with the bytes of a section changed in place. */
export function withSection(file: Buffer, name: string, change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(file);
  return withHeader(copy, ({ sections }) => {
    const section = sections.find((found) => found.name === name);
    if (section === undefined) throw new Error(`no section ${name}`);
    const bytes = copy.subarray(section.offset, section.offset + section.length);
    change(bytes);
    section.sha256 = sha256(bytes).toString('hex');
  });
}
