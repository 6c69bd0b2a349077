/** What time it is. Durations, timeouts and limits use `mono` alone: a wall clock can jump. */
export interface Clock {
  /** Milliseconds since the epoch. */
  wall(): number
  /** Milliseconds of a clock that never steps back. Only differences mean something. */
  mono(): number
}
