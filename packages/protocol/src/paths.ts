/** The paths of the service, below the issuer's own path. */
export const PATHS = {
  register: '/auth/register',
  login: '/auth/login',
  refresh: '/auth/refresh',
  refreshRevoke: '/auth/refresh/revoke',
  logout: '/auth/logout',
  logoutAll: '/auth/logout-all',
  me: '/auth/me',
  sessions: '/auth/sessions',
  passwordChange: '/auth/password/change',
  jwks: '/.well-known/jwks.json',
  metadata: '/.well-known/oauth-authorization-server',
  adminAccounts: '/admin/accounts',
  adminKeys: '/admin/keys',
  healthLive: '/health/live',
  healthReady: '/health/ready',
  metrics: '/metrics',
  openapi: '/openapi.json',
  docs: '/docs',
  root: '/',
} as const

/** The header that a request authenticated by a cookie must carry, and its one value. A form cannot send it. */
export const CSRF_HEADER = { name: 'x-csn-csrf', value: '1' } as const
