import { type Alg, CLAIMS, forge, genuine, headerOf, OWNERS } from '../forge.ts'

/** One attack of the playbook in all its forms. Each form must be refused while the control is accepted. */
export interface AttackCase {
  readonly id: string
  readonly title: string
  readonly alg: Alg
  readonly control: unknown
  readonly forms: Readonly<Record<string, unknown>>
  /** Settings of the verifier beyond the usual ones. */
  readonly settings?: { readonly maxTokenAge?: number; readonly maxTokenLength?: number }
}

const { HS256 } = OWNERS
export const named = (forms: readonly (readonly [string, unknown])[]): Record<string, unknown> =>
  Object.fromEntries(forms)
export const each = <T>(values: readonly T[], token: (value: T, index: number) => unknown): Record<string, unknown> =>
  named(
    values.map((value, index) => [
      `${index}: ${JSON.stringify(value) ?? String(value)}`.slice(0, 60),
      token(value, index),
    ]),
  )

export function attack(
  id: string,
  title: string,
  alg: Alg,
  forms: AttackCase['forms'],
  more: Partial<AttackCase> = {},
): AttackCase {
  return { id, title, alg, control: genuine(OWNERS[alg]), forms, ...more }
}
/** A header or a payload of our own under a right MAC. */
export const macHeader = (header: object | string | Buffer): string => forge(header, CLAIMS, HS256.sign)
export const macPayload = (payload: object | string | Buffer): string => forge(headerOf('HS256'), payload, HS256.sign)
export const macClaims = (claims: object): string => genuine(HS256, {}, claims)
/** A token without some of its claims. */
export function macWithout(name: string): string {
  const rest = Object.entries(CLAIMS).filter(([claim]) => claim !== name)
  return macPayload(Object.fromEntries(rest))
}
