import { describe, expect, test } from 'vitest'
import { simulatedPlatform } from '../../../test/guards/simulated-platform.ts'
import { fetchJwksUri, metadataUri } from './issuer-metadata.ts'

const ISSUER = 'https://auth.example.com'
const METADATA = { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` }
const OPEN = new AbortController().signal

describe('where the metadata is (RFC 8414 §3.1)', () => {
  test.each([
    ['https://auth.example.com', 'https://auth.example.com/.well-known/oauth-authorization-server'],
    ['https://auth.example.com/', 'https://auth.example.com/.well-known/oauth-authorization-server'],
    ['https://auth.example.com/a/b', 'https://auth.example.com/.well-known/oauth-authorization-server/a/b'],
    ['https://auth.example.com/a/', 'https://auth.example.com/.well-known/oauth-authorization-server/a'],
    ['http://localhost:4000', 'http://localhost:4000/.well-known/oauth-authorization-server'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000/.well-known/oauth-authorization-server'],
    ['http://[::1]:4000', 'http://[::1]:4000/.well-known/oauth-authorization-server'],
  ])('%s', (issuer, uri) => {
    expect(metadataUri(issuer)).toBe(uri)
  })

  test.each([
    'auth.example.com',
    'http://auth.example.com',
    'http://localhost.example.com',
    'file:///etc/keys',
    'data:application/json,{}',
    'https://auth.example.com?tenant=a',
    'https://auth.example.com?',
    'https://auth.example.com#a',
    'https://user:word@auth.example.com',
  ])('J12 refused: %s', (issuer) => {
    expect(() => metadataUri(issuer)).toThrow(TypeError)
  })
})

describe('what an issuer answers', () => {
  const asked: Request[] = []
  const ask = (answer: () => Response | Promise<Response>, issuer = ISSUER) =>
    fetchJwksUri(
      issuer,
      simulatedPlatform(0, async (request) => {
        asked.push(request)
        return answer()
      }),
      OPEN,
    )

  test('control: the address of the JWK Set, asked for without following redirects', async () => {
    expect(await ask(() => Response.json(METADATA))).toBe(METADATA.jwks_uri)
    expect([asked[0]?.url, asked[0]?.redirect]).toEqual([metadataUri(ISSUER), 'manual'])
  })

  const chunks = (bytes: number): ReadableStream<Uint8Array> => {
    let left = bytes
    return new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(65_536).fill(32))
        left -= 65_536
        if (left <= 0) controller.close()
      },
    })
  }
  const unfit: Readonly<Record<string, () => Response>> = {
    'another issuer': () => Response.json({ ...METADATA, issuer: `${ISSUER}/other` }),
    'a slash more': () => Response.json({ ...METADATA, issuer: `${ISSUER}/` }),
    'another case': () => Response.json({ ...METADATA, issuer: ISSUER.toUpperCase() }),
    'no issuer': () => Response.json({ jwks_uri: METADATA.jwks_uri }),
    'no jwks_uri': () => Response.json({ issuer: ISSUER }),
    'a list of addresses': () => Response.json({ ...METADATA, jwks_uri: [METADATA.jwks_uri] }),
    'no address': () => Response.json({ ...METADATA, jwks_uri: '/jwks' }),
    'keys in the clear': () => Response.json({ ...METADATA, jwks_uri: 'http://auth.example.com/jwks' }),
    'keys of this machine': () => Response.json({ ...METADATA, jwks_uri: 'http://127.0.0.1/jwks' }),
    'an address with a password': () =>
      Response.json({ ...METADATA, jwks_uri: 'https://user:word@auth.example.com/jwks' }),
    'a file': () => Response.json({ ...METADATA, jwks_uri: 'file:///etc/keys' }),
    'no JSON': () => new Response('<html>'),
    'no object': () => Response.json([METADATA]),
    null: () => Response.json(null),
    'not found': () => Response.json(METADATA, { status: 404 }),
    'a redirect': () => new Response(null, { status: 302, headers: { location: 'https://evil.example.com/' } }),
    'more than 1 MB': () => new Response(chunks(60_000_000)),
    nothing: () => new Response(null),
  }
  test.each(Object.keys(unfit))('not acceptable: %s', async (label) => {
    expect(await ask(unfit[label] ?? Response.error)).toEqual({ ok: false, code: 'issuer_metadata_invalid' })
  })

  const out: Readonly<Record<string, () => Response | Promise<Response>>> = {
    'no network': () => Promise.reject(new TypeError('fetch failed')),
    'an error of the issuer': () => Response.json(METADATA, { status: 500 }),
    'too many requests': () => Response.json(METADATA, { status: 429 }),
  }
  test.each(Object.keys(out))('not reached: %s', async (label) => {
    expect(await ask(out[label] ?? Response.error)).toEqual({ ok: false, code: 'issuer_unavailable' })
  })

  test.each([302, 404, 429, 500])(
    'the body of a %i is not left unread, which would hold its connection',
    async (status) => {
      let cancelled = 0
      const body = new ReadableStream({ cancel: () => void cancelled++ })
      expect(await ask(() => new Response(body, { status }))).toMatchObject({ ok: false })
      expect(cancelled).toBe(1)
      expect(asked.at(-1)?.credentials).toBe('omit')
    },
  )

  test('a line that breaks in the middle is no answer', async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new Error('cut')) })
    expect(await ask(() => new Response(body))).toEqual({ ok: false, code: 'issuer_unavailable' })
  })

  test('an issuer on this machine may have its keys there too', async () => {
    const issuer = 'http://localhost:4000'
    const metadata = { issuer, jwks_uri: `${issuer}/jwks` }
    expect(await ask(() => Response.json(metadata), issuer)).toBe(metadata.jwks_uri)
  })
})

test('J08 an issuer that accepts and never answers is given up after 5 seconds, even by a fetch that ignores it', async () => {
  const platform = simulatedPlatform(0, () => new Promise(() => undefined))
  const asking = fetchJwksUri(ISSUER, platform, OPEN)
  platform.advance(4.9)
  expect(platform.timers()).toBe(1)
  platform.advance(0.2)
  expect(await asking).toEqual({ ok: false, code: 'issuer_unavailable' })
  expect(platform.timers()).toBe(0)
})

test('closing ends the wait', async () => {
  const closing = new AbortController()
  const platform = simulatedPlatform(0, () => new Promise(() => undefined))
  const asking = fetchJwksUri(ISSUER, platform, closing.signal)
  closing.abort()
  expect(await asking).toEqual({ ok: false, code: 'issuer_unavailable' })
})
