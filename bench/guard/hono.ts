import { importVerificationKey, type Jwk } from '@countersign/jwt'
import { createVerifier } from '@countersign/verifier'
import { createGuard } from '@countersign/verifier/hono'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { jwt } from 'hono/jwt'
import type { OpenStand } from '../harness/stand.ts'
import { ANSWER, AUDIENCE, type GuardSetup, ISSUER, SCOPE, serving } from './setup.ts'

type App = { readonly fetch: (request: Request) => Response | Promise<Response> }

/** The same endpoint three times: bare, behind our guard, behind the middleware that Hono brings. */
const APPS: Readonly<Record<string, (setup: GuardSetup) => Promise<App>>> = {
  async bare() {
    return new Hono().get('/orders', (c) => c.json(ANSWER))
  },

  async countersign({ publicJwk }) {
    const keys = importVerificationKey(publicJwk as Jwk, 'ES256')
    const { requireScope } = createGuard(createVerifier({ keys, issuer: ISSUER, audience: AUDIENCE }))
    const app = new Hono()
    app.get('/orders', requireScope(SCOPE), (c) => c.json({ ...ANSWER, subject: c.var.auth.subject }))
    return app
  },

  async 'hono/jwt'({ publicJwk }) {
    const key = await crypto.subtle.importKey('jwk', publicJwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'verify',
    ])
    const verification = { iss: ISSUER, aud: AUDIENCE, typ: 'at+jwt' }
    const app = new Hono<{ Variables: { jwtPayload: { sub: string; scope: string } } }>()
    app.get('/orders', jwt({ secret: key, alg: 'ES256', verification }), (c) => {
      const { sub, scope } = c.var.jwtPayload
      return scope.split(' ').includes(SCOPE) ? c.json({ ...ANSWER, subject: sub }) : c.text('', 403)
    })
    return app
  },
}

export const open: OpenStand<GuardSetup> = async (setup) => {
  const app = await APPS[setup.kind]?.(setup)
  if (app === undefined) throw new TypeError(`there is no app ${setup.kind}`)
  return serving(getRequestListener(app.fetch))
}
