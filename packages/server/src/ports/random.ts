/** Where ids, secrets and jitter come from. */
export interface Random {
  /** `length` bytes that nobody can predict. */
  bytes(length: number): Uint8Array
}
