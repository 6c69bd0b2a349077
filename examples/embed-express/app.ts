/**
 * The service inside your own Express application: one process, one port, one issuer. Your routes are guarded by the
 * verifier, which asks the service in the same process for its keys, so no socket is needed.
 *
 *     node --conditions=@countersign/source examples/embed-express/app.ts
 */
import { type Countersign, createCountersign, settingsFromEnv, toNodeHandler } from '@countersign/server'
import { createVerifier } from '@countersign/verifier'
import { createGuard } from '@countersign/verifier/express'
import express, { type Express } from 'express'

/** Your application, with `/auth` and all else that is the service's mounted in it. */
export function createApp(countersign: Countersign, issuer: string): Express {
  const { requireAuth } = createGuard(createVerifier({ issuer, audience: issuer, fetch: countersign.fetch }))

  const app = express()
  // Before or after `express.json()`, as you like: paths that are not the service's go on to your routes.
  app.use(toNodeHandler(countersign))
  app.use(express.json())
  app.get('/hello', requireAuth(), (_request, response) => {
    response.json({ hello: response.locals.auth.subject })
  })
  return app
}

if (import.meta.main) {
  const issuer = 'http://localhost:4000'
  const countersign = createCountersign({ ...settingsFromEnv(process.env), issuer })
  // A fault of the set-up stops the start, and not the first request.
  await countersign.ready()
  const server = createApp(countersign, issuer).listen(4000, '127.0.0.1', () => console.log(`Listening at ${issuer}`))
  process.once('SIGINT', () => server.close(() => void countersign.close()))
}
