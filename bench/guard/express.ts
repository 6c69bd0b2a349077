import { createPublicKey } from 'node:crypto'
import { importVerificationKey, type Jwk } from '@countersign/jwt'
import { createVerifier } from '@countersign/verifier'
import { createGuard } from '@countersign/verifier/express'
import express, { type Express, type RequestHandler } from 'express'
import { importJWK, type JWK, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import type { OpenStand } from '../harness/stand.ts'
import { ANSWER, AUDIENCE, type GuardSetup, ISSUER, SCOPE, serving } from './setup.ts'

/** The same endpoint four times: bare, behind our guard, and behind what people write by hand with a library. */
const APPS: Readonly<Record<string, (setup: GuardSetup) => Promise<Express>>> = {
  async bare() {
    return express().get('/orders', (_, response) => void response.json(ANSWER))
  },

  async countersign({ publicJwk }) {
    const keys = importVerificationKey(publicJwk as Jwk, 'ES256')
    const { requireScope } = createGuard(createVerifier({ keys, issuer: ISSUER, audience: AUDIENCE }))
    return express().get('/orders', requireScope(SCOPE), (_, response) => {
      response.json({ ...ANSWER, subject: response.locals.auth.subject })
    })
  },

  async jsonwebtoken({ publicJwk }) {
    const key = createPublicKey({ key: publicJwk, format: 'jwk' })
    return byHand((token) =>
      jsonwebtoken.verify(token, key, { algorithms: ['ES256'], issuer: ISSUER, audience: AUDIENCE }),
    )
  },

  async jose({ publicJwk }) {
    const key = await importJWK(publicJwk as JWK, 'ES256')
    const checks = { algorithms: ['ES256'], issuer: ISSUER, audience: AUDIENCE, typ: 'at+jwt' }
    return byHand(async (token) => (await jwtVerify(token, key, checks)).payload)
  },
}

function byHand(verify: (token: string) => unknown): Express {
  const guard: RequestHandler = async (request, response, next) => {
    try {
      const claims = (await verify(request.headers.authorization?.replace(/^Bearer /i, '') ?? '')) as Claims
      if (!claims.scope.split(' ').includes(SCOPE)) return void response.sendStatus(403)
      response.locals.subject = claims.sub
      next()
    } catch {
      response.sendStatus(401)
    }
  }
  return express().get('/orders', guard, (_, response) => {
    response.json({ ...ANSWER, subject: response.locals.subject })
  })
}

interface Claims {
  readonly sub: string
  readonly scope: string
}

export const open: OpenStand<GuardSetup> = async (setup) => {
  const app = await APPS[setup.kind]?.(setup)
  if (app === undefined) throw new TypeError(`there is no app ${setup.kind}`)
  return serving(app)
}
