/** What is counted while the service runs. Labels come from closed lists: never an id, a name or a path as sent. */
export interface Metrics {
  /** @param seconds how long it took */
  request(method: string, route: string, status: number, seconds: number): void
  refusal(code: string): void
  /** A figure that is read when somebody asks. */
  watch(name: string, help: string, read: () => number): void
  /** The text in the format of Prometheus. */
  text(): Promise<string>
}
