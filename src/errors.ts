/** Where bad input was found; every part is optional because not every source has lines or columns. */
export interface DataLocation {
  file?: string;
  /** 1-based line of the file, the header included. */
  line?: number;
  column?: string;
  value?: unknown;
}

/** Bad or missing input data, or an id that the model or dataset does not know. */
export class DataError extends Error {
  override readonly name = 'DataError';
  readonly code: 'ERR_PALATE_DATA' | 'ERR_PALATE_UNKNOWN_ID';
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: string | undefined;
  readonly value: unknown;

  constructor(
    message: string,
    at: DataLocation & { code?: 'ERR_PALATE_DATA' | 'ERR_PALATE_UNKNOWN_ID'; cause?: unknown } = {},
  ) {
    super(message, at.cause === undefined ? undefined : { cause: at.cause });
    this.code = at.code ?? 'ERR_PALATE_DATA';
    this.file = at.file;
    this.line = at.line;
    this.column = at.column;
    this.value = at.value;
  }
}

/** The device that was asked for is not there; a named device never falls back to another. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  readonly code = 'ERR_PALATE_DEVICE';
}

/** The native addon could not be loaded: no prebuilt binary and no local build. */
export class NativeLoadError extends Error {
  override readonly name = 'NativeLoadError';
  readonly code = 'ERR_PALATE_NATIVE';
}

/** An optional dependency is not installed; the message names the package to install. */
export class MissingPackageError extends Error {
  override readonly name = 'MissingPackageError';
  readonly code = 'ERR_PALATE_MISSING_PACKAGE';
}

/** Training produced NaN or an infinity. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
  readonly code = 'ERR_PALATE_DIVERGED';
  /** 1-based epoch in which it happened. */
  readonly epoch: number;
  readonly learningRate: number;
  /** Training loss of the last epoch that was finite; undefined when it happened in the first. */
  readonly lastGoodLoss: number | undefined;

  constructor(at: { epoch: number; learningRate: number; lastGoodLoss: number | undefined }) {
    const last = at.lastGoodLoss === undefined ? '' : `; last finite loss ${at.lastGoodLoss.toPrecision(6)}`;
    super(
      `Training diverged in epoch ${at.epoch} at learning rate ${at.learningRate}${last}. ` +
        'Lower `learningRate`, or raise `regularization`.',
    );
    this.epoch = at.epoch;
    this.learningRate = at.learningRate;
    this.lastGoodLoss = at.lastGoodLoss;
  }
}

/** A model file that cannot be read: not ours, another version, truncated or damaged. */
export class ModelFileError extends Error {
  override readonly name = 'ModelFileError';
  readonly code = 'ERR_PALATE_MODEL_FILE';
  readonly file: string;

  constructor(message: string, file: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.file = file;
  }
}
