import type { Route } from './route.ts'
import { adminAccountRoutes } from './routes/admin/accounts.ts'
import { adminKeyRoutes } from './routes/admin/keys.ts'
import { loginRoute } from './routes/auth/login.ts'
import { logoutAllRoute, logoutRoute } from './routes/auth/logout.ts'
import { meRoute } from './routes/auth/me.ts'
import { passwordChangeRoute } from './routes/auth/password-change.ts'
import { refreshRevokeRoute, refreshRoute } from './routes/auth/refresh.ts'
import { registerRoute } from './routes/auth/register.ts'
import { endSessionRoute, listSessionsRoute } from './routes/auth/sessions.ts'
import { jwksRoute, metadataRoute } from './routes/discovery.ts'
import { healthRoutes, metricsRoute } from './routes/health.ts'
import { pageRoutes } from './routes/pages.ts'
import type { Services } from './services.ts'

/** Every endpoint of the service, in the order of the reference. */
export function createRoutes(services: Services): readonly Route[] {
  const routes: Route[] = [
    registerRoute(services),
    loginRoute(services),
    refreshRoute(services),
    refreshRevokeRoute(services),
    logoutRoute(services),
    logoutAllRoute(services),
    meRoute(services),
    listSessionsRoute(services),
    endSessionRoute(services),
    passwordChangeRoute(services),
    ...adminAccountRoutes(services),
    ...adminKeyRoutes(services),
    jwksRoute(services),
    metadataRoute(services),
    ...healthRoutes(services),
    metricsRoute(services),
  ]
  // The pages show the table, themselves included.
  routes.push(...pageRoutes(services.issuer, () => routes))
  return routes
}
