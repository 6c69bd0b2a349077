import { PATHS } from '@countersign/protocol'
import { AuthError } from '../../../domain/errors.ts'
import { bearerOf, type Route, route } from '../../route.ts'
import {
  account,
  accountPage,
  changeAccountBody,
  createAccountBody,
  createdAccount,
  oneTimePassword,
} from '../../schemas.ts'
import type { Services } from '../../services.ts'

const ONE = `${PATHS.adminAccounts}/:id`
const DEFAULT_LIMIT = 50
const MOST = 200

export function adminAccountRoutes({ accounts }: Services): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: PATHS.adminAccounts,
      summary: 'A page of accounts.',
      access: 'admin',
      query: { limit: `How many, 1 to ${MOST}; default ${DEFAULT_LIMIT}.`, cursor: 'Where the page before ended.' },
      answers: [{ status: 200, description: 'The page.', schema: accountPage }],
      errors: [],
      async handle({ url }) {
        const cursor = url.searchParams.get('cursor') ?? undefined
        const page = await accounts.list({ limit: limitOf(url), cursor })
        return Response.json({ accounts: page.accounts, next_cursor: page.nextCursor ?? null })
      },
    }),
    route({
      method: 'POST',
      path: PATHS.adminAccounts,
      summary: 'Makes an account with a one-time password, which is shown once.',
      access: 'admin_recent',
      body: createAccountBody,
      answers: [{ status: 201, description: 'The account and its one-time password.', schema: createdAccount }],
      errors: ['username_taken', 'service_busy'],
      async handle(request) {
        const made = await accounts.create(request.body, by(request))
        return Response.json({ account: made.account, one_time_password: made.oneTimePassword }, { status: 201 })
      },
    }),
    route({
      method: 'GET',
      path: ONE,
      summary: 'One account.',
      access: 'admin',
      answers: [{ status: 200, description: 'The account.', schema: account }],
      errors: ['not_found'],
      handle: async ({ params }) => Response.json(await accounts.get(idOf(params))),
    }),
    route({
      method: 'PATCH',
      path: ONE,
      summary: 'Disables or enables an account, sets its roles or its e-mail address.',
      access: 'admin_recent',
      body: changeAccountBody,
      answers: [{ status: 200, description: 'The account as it is now.', schema: account }],
      errors: ['not_found', 'last_administrator'],
      handle: async (request) => Response.json(await accounts.change(idOf(request.params), request.body, by(request))),
    }),
    route({
      method: 'POST',
      path: `${ONE}/password-reset`,
      summary: 'Replaces the password by a one-time one, which is shown once, and ends every session.',
      access: 'admin_recent',
      answers: [{ status: 200, description: 'The one-time password.', schema: oneTimePassword }],
      errors: ['not_found', 'service_busy'],
      async handle(request) {
        const password = await accounts.resetPassword(idOf(request.params), by(request))
        return Response.json({ one_time_password: password })
      },
    }),
    route({
      method: 'DELETE',
      path: `${ONE}/sessions`,
      summary: 'Ends every session of an account and refuses all its access tokens.',
      access: 'admin_recent',
      answers: [{ status: 204, description: 'All sessions are over.' }],
      errors: ['not_found'],
      async handle(request) {
        await accounts.endSessions(idOf(request.params), by(request))
        return new Response(null, { status: 204 })
      },
    }),
  ]
}

function idOf(params: Readonly<Record<string, string>>): string {
  return params.id ?? ''
}

function by(request: Parameters<Route['handle']>[0]) {
  return { actor: bearerOf(request).claims.sub, caller: request.caller }
}

function limitOf(url: URL): number {
  const text = url.searchParams.get('limit')
  if (text === null) return DEFAULT_LIMIT
  const limit = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > MOST) throw new AuthError('request_malformed')
  return limit
}
