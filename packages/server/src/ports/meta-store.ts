/** A few small facts about the data itself: whose it is, and which master keys it has seen. */
export interface MetaStore {
  get(name: string): Promise<string | undefined>
  /** Sets it unless it is there; returns what stands. Of any number of concurrent callers all get the winner's. */
  setOnce(name: string, value: string): Promise<string>
  set(name: string, value: string): Promise<void>
}
