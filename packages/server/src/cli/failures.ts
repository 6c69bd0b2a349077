import { JwtError } from '@countersign/jwt'
import { ERRORS, type ErrorCode, isErrorCode, type ProblemFault, SECRET_PATTERN } from '@countersign/protocol'
import { ConfigError } from '../config/config-error.ts'
import { CommandFailure, type ExitStatus, UsageError } from './command.ts'

/** Tells a person what went wrong, on stderr, and gives the exit status for it. */
export function tell(error: unknown, err: (text: string) => void): ExitStatus {
  const { message, status } = describe(error)
  err(`countersign: ${message.replace(SECRET_PATTERN, '[secret]')}\n`)
  return status
}

function describe(error: unknown): { readonly message: string; readonly status: ExitStatus } {
  if (error instanceof UsageError) return { message: error.message, status: 2 }
  if (error instanceof ConfigError) return { message: error.message, status: onlyFlags(error) ? 2 : 1 }
  if (error instanceof CommandFailure) return { message: error.message, status: 1 }
  if (error instanceof JwtError) return { message: jwtRefusal(error), status: 1 }
  const refusal = asRefusal(error)
  if (refusal !== undefined) return { message: refusal, status: 1 }
  return { message: error instanceof Error ? error.message : 'something failed', status: 1 }
}

/** A mistake in the command itself, not in what stands in the environment or a file. */
function onlyFlags(error: ConfigError): boolean {
  return error.faults.every(({ setting }) => setting.startsWith('-'))
}

/** A refusal of the library: of a token, or of claims that no token should carry. */
function jwtRefusal({ message, code, claim, findings = [] }: JwtError): string {
  const about = claim === undefined ? code : `${code}, ${claim}`
  return `${message} (${about})${findings.map(({ path, advice }) => `\n  ${path || '/'} ${advice}`).join('')}`
}

/** A refusal of the service: any error whose code is one of the protocol's. */
function asRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !isErrorCode(error.code)) return undefined
  const code: ErrorCode = error.code
  const faults = 'faults' in error && Array.isArray(error.faults) ? error.faults : []
  const details = faults.map((fault: ProblemFault) => `\n  ${fault.pointer} ${fault.detail}`)
  return `${ERRORS[code].sentence} (${code})${details.join('')}`
}
