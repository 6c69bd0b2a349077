/** Who sends a request, as far as the edge knows. For limits and the audit log; nothing is decided by it. */
export interface Caller {
  /** Also in the logs and in the answer. */
  readonly requestId: string
  /**
   * The client's address in canonical text, seen through the trusted proxies; absent where nobody told it, and `unknown`
   * where what was told is no address.
   */
  readonly address: string | undefined
  readonly userAgent: string | undefined
}
