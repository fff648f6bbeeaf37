/** Index of a user or item that the model does not know. */
export const UNKNOWN = 0xffffffff;
