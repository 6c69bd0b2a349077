import type { Metadata } from '@countersign/protocol'
import type { Accounts } from '../usecases/accounts.ts'
import type { Authenticate } from '../usecases/bearer.ts'
import type { ChangePassword } from '../usecases/change-password.ts'
import type { Keys } from '../usecases/keys.ts'
import type { Login } from '../usecases/login.ts'
import type { Logout } from '../usecases/logout.ts'
import type { Refresh } from '../usecases/refresh.ts'
import type { Register } from '../usecases/register.ts'
import type { Sessions } from '../usecases/sessions.ts'
import type { Cookies } from './cookies.ts'
import type { OriginRule } from './origin.ts'

/** What the routes call: use cases, and the few decisions about cookies and origins that are made once. */
export interface Services {
  readonly issuer: string
  /** Seconds. */
  readonly absoluteLifetime: number
  readonly cookies: Cookies
  readonly origins: OriginRule
  readonly authenticate: Authenticate
  readonly register: Register
  readonly login: Login
  readonly refresh: Refresh
  readonly logout: Logout
  readonly sessions: Sessions
  readonly changePassword: ChangePassword
  readonly accounts: Accounts
  readonly keys: Keys
  readonly metadata: Metadata
  /** True while the store answers and there are keys to sign with. */
  readonly isReady: () => Promise<boolean>
  /** The text of the metrics, in the format of Prometheus. */
  readonly metrics: () => Promise<string>
  /** True where the metrics are for everybody; else for loopback peers alone. */
  readonly metricsOpen: boolean
}
