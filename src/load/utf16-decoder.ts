import { Transform, type TransformCallback } from 'node:stream';

/** A stream from UTF-16 bytes (a BOM is dropped) to UTF-8; invalid code units are an error. */
export function utf16Decoder(bigEndian: boolean): Transform {
  const decoder = new TextDecoder(bigEndian ? 'utf-16be' : 'utf-16le', { fatal: true });
  const convert = (bytes: Buffer | undefined, callback: TransformCallback): void => {
    try {
      callback(
        null,
        Buffer.from(bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true }), 'utf8'),
      );
    } catch (error) {
      callback(error as Error);
    }
  };
  return new Transform({
    transform: (chunk: Buffer, _encoding, callback) => convert(chunk, callback),
    flush: (callback) => convert(undefined, callback),
  });
}
