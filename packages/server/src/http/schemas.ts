import * as v from 'valibot'

/** Shapes of bodies. Unknown members are refused: nobody can slip `roles` into a registration. */

const text = (most: number) =>
  v.pipe(
    v.string(),
    v.maxLength(most, 'The text is too long.'),
    v.check((t) => t.isWellFormed(), 'The text is not well-formed.'),
  )

const username = text(256)
/** Longer than any password that is accepted, so that the rules and not the schema say why one is refused. */
const password = text(4096)
const email = text(320)
const scope = text(2048)
const audience = v.union([
  text(512),
  v.pipe(v.array(text(512)), v.minLength(1, 'Name at least one.'), v.maxLength(32, 'These are too many.')),
])
const transport = v.picklist(['cookie', 'body', 'none', 'session'])
const roles = v.pipe(v.array(text(64)), v.maxLength(32, 'These are too many.'))

export const registerBody = v.strictObject({ username, password, email: v.optional(email) })

export const loginBody = v.strictObject({
  username: v.optional(username),
  password: v.optional(password),
  scope: v.optional(scope),
  audience: v.optional(audience),
  transport: v.optional(transport),
})

export const refreshBody = v.strictObject({
  refresh_token: v.optional(text(512)),
  scope: v.optional(scope),
  audience: v.optional(audience),
})

export const refreshRevokeBody = v.strictObject({
  refresh_token: v.optional(text(512)),
  session_id: v.optional(text(64)),
})

export const passwordChangeBody = v.strictObject({
  username: v.optional(username),
  current_password: password,
  new_password: password,
  transport: v.optional(transport),
  scope: v.optional(scope),
  audience: v.optional(audience),
})

export const createAccountBody = v.strictObject({ username, email: v.optional(email), roles: v.optional(roles) })

export const changeAccountBody = v.strictObject({
  disabled: v.optional(v.boolean()),
  roles: v.optional(roles),
  email: v.optional(v.nullable(email)),
})

export const rotateKeysBody = v.strictObject({ now: v.optional(v.boolean()) })

/** Shapes of answers, for the OpenAPI document and the check of the running service against it. */

export const account = v.strictObject({
  id: v.string(),
  username: v.string(),
  email: v.nullable(v.string()),
  email_verified: v.boolean(),
  roles: v.array(v.string()),
  disabled: v.boolean(),
  created_at: v.number(),
})

export const tokenResponse = v.strictObject({
  access_token: v.string(),
  token_type: v.literal('Bearer'),
  expires_in: v.number(),
  scope: v.string(),
  session_id: v.string(),
  account: v.strictObject({
    id: v.string(),
    username: v.string(),
    email: v.nullable(v.string()),
    email_verified: v.boolean(),
    roles: v.array(v.string()),
    claims: v.record(v.string(), v.unknown()),
  }),
  refresh_token: v.optional(v.string()),
  refresh_expires_in: v.optional(v.number()),
})

export const sessionList = v.strictObject({
  sessions: v.array(
    v.strictObject({
      session_id: v.string(),
      current: v.boolean(),
      client_id: v.string(),
      transport: v.picklist(['cookie', 'body', 'none', 'session']),
      user_agent: v.nullable(v.string()),
      address: v.nullable(v.string()),
      created_at: v.number(),
      last_used_at: v.number(),
      expires_at: v.number(),
    }),
  ),
})

export const me = v.strictObject({ account, claims: v.record(v.string(), v.unknown()) })
export const accountPage = v.strictObject({ accounts: v.array(account), next_cursor: v.nullable(v.string()) })
export const createdAccount = v.strictObject({ account, one_time_password: v.string() })
export const oneTimePassword = v.strictObject({ one_time_password: v.string() })

const key = v.strictObject({
  kid: v.string(),
  alg: v.string(),
  audience: v.optional(v.string()),
  state: v.picklist(['published', 'active', 'retiring', 'removed', 'revoked']),
  published_at: v.number(),
  activates_at: v.number(),
})
export const keyList = v.strictObject({ keys: v.array(key) })

export const problem = v.strictObject({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  instance: v.string(),
  code: v.string(),
  errors: v.optional(v.array(v.strictObject({ pointer: v.string(), code: v.string(), detail: v.string() }))),
})

export const jwkSet = v.strictObject({ keys: v.array(v.record(v.string(), v.unknown())) })
export const metadata = v.record(v.string(), v.unknown())
export const openApi = v.record(v.string(), v.unknown())
export const health = v.strictObject({ status: v.string() })
