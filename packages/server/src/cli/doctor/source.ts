import { extname, relative } from 'node:path'
import type { CliFiles } from '../files.ts'
import type { DoctorRow, Level } from './check.ts'

/** One kind of mistake in the source of an application. */
interface SourceRule {
  readonly name: string
  readonly level: Level
  readonly pattern: RegExp
  /** What is wrong and what to do instead. */
  readonly advice: string
}

const TOKEN_WORD = '(?:token|jwt|bearer|refresh|access|id_?token|auth)'

/**
 * What a scan looks for. It reads text, not programs: it finds the common spellings of the common mistakes, and what it
 * does not find may be there.
 */
const RULES: readonly SourceRule[] = [
  {
    name: 'token in web storage',
    level: 'unsafe',
    pattern: new RegExp(`\\b(?:local|session)Storage\\s*(?:\\.setItem\\(|\\[)\\s*['"\`][^'"\`]*${TOKEN_WORD}`, 'i'),
    advice:
      'any script on the page can read it; keep the access token in memory and the refresh token in an HttpOnly cookie',
  },
  {
    name: 'token in web storage',
    level: 'unsafe',
    pattern: new RegExp(`\\b(?:local|session)Storage\\.(?:[a-z]*${TOKEN_WORD}[a-z]*)\\s*=[^=]`, 'i'),
    advice:
      'any script on the page can read it; keep the access token in memory and the refresh token in an HttpOnly cookie',
  },
  {
    name: 'token in a script cookie',
    level: 'unsafe',
    pattern: new RegExp(`document\\.cookie\\s*=\\s*['"\`][^'"\`]*${TOKEN_WORD}`, 'i'),
    advice: 'a cookie that a script writes is one that a script can read; let the service set it',
  },
  {
    name: 'private key in the source',
    level: 'unsafe',
    pattern: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/,
    advice: 'whoever reads the repository can sign tokens; replace the key and keep it out of the source',
  },
  {
    name: 'secret in the source',
    level: 'unsafe',
    pattern: /\bcsn_(?:rt|cs|ot)_[0-9A-Za-z]{16,}/,
    advice: 'this is a credential of the service; end it and keep it out of the source',
  },
  {
    name: 'token in the source',
    level: 'warning',
    pattern: /['"`]eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/,
    advice: 'a whole token stands in the source',
  },
  {
    name: 'secret in the source',
    level: 'unsafe',
    pattern:
      /\b(?:jwt|token|session|signing|client|cookie|auth)_?(?:secret|key)\b['"]?\s*[:=]\s*['"`][^'"`\s${}]{6,}['"`]/i,
    advice: 'a secret in the source is known to whoever reads it; take it from a variable or a file',
  },
  {
    name: 'secret in the source',
    level: 'unsafe',
    pattern: /\bjwt\.(?:sign|verify)\([^)]*,\s*['"`][^'"`]+['"`]/,
    advice: 'a secret in the source is known to whoever reads it; take it from a variable or a file',
  },
  {
    name: 'secret given to the browser',
    level: 'unsafe',
    pattern:
      /\b(?:VITE|NEXT_PUBLIC|REACT_APP|NUXT_PUBLIC|EXPO_PUBLIC|PUBLIC)_[A-Z0-9_]*(?:SECRET|PRIVATE_KEY|PASSWORD|MASTER_KEY)/,
    advice: 'variables of this name are built into what browsers load',
  },
  {
    name: 'issuer and audience unchecked',
    level: 'warning',
    pattern: /\b(?:jwt\.verify|jwtVerify)\(\s*[^,()]+,\s*[^,(){}]+\)/,
    advice: 'without an expected issuer and audience a token of another service passes',
  },
  {
    name: 'issuer and audience unchecked',
    level: 'warning',
    pattern: /\b(?:issuer|audience)\s*:\s*unchecked\b/,
    advice: 'a token of another issuer or for another service passes',
  },
  {
    name: 'expiry unchecked',
    level: 'unsafe',
    pattern: /\b(?:ignoreExpiration\s*:\s*true|allowNoExpiry\s*:\s*true)/,
    advice: 'a token that leaked is good for ever',
  },
  {
    name: 'unsigned tokens taken',
    level: 'unsafe',
    pattern: /\balgorithms?\s*:\s*\[?\s*['"`]none['"`]/i,
    advice: 'anybody can write such a token',
  },
  {
    name: 'token in an address',
    level: 'warning',
    pattern: /[?&](?:access_token|id_token|refresh_token|jwt)=/i,
    advice: 'addresses end up in logs, histories and Referer headers; send the token in the Authorization header',
  },
]

const EXTENSIONS = ['.js', '.jsx', '.mjs', '.cjs', '.ts', '.tsx', '.mts', '.cts', '.vue', '.svelte', '.astro', '.html']
const SKIPPED = [
  'node_modules',
  '.git',
  'dist',
  'build',
  'out',
  'coverage',
  '.next',
  '.nuxt',
  '.svelte-kit',
  '.turbo',
  '.cache',
]
/** Bigger files are made by tools. */
const MAX_BYTES = 1_000_000

/** Looks through the source of an application. Findings name the place and never repeat the line. */
export async function scanSource(files: CliFiles, folder: string): Promise<readonly DoctorRow[]> {
  const rows: DoctorRow[] = []
  let count = 0
  for await (const { path, size } of files.walk(folder, (name) => SKIPPED.includes(name))) {
    if (!isSource(path) || size > MAX_BYTES) continue
    count += 1
    const text = (await files.read(path)) ?? ''
    rows.push(
      ...scanText(text).map(({ line, ...row }) => ({
        ...row,
        message: `${relative(folder, path)}:${line} ${row.message}`,
      })),
    )
  }
  if (rows.length === 0) rows.push({ check: 'source', level: 'ok', message: `nothing found in ${count} file(s)` })
  return rows
}

/** The findings in one file, one for each line and kind. */
export function scanText(text: string): readonly (DoctorRow & { readonly line: number })[] {
  return text.split('\n').flatMap((content, index) => {
    const found = new Map<string, DoctorRow & { readonly line: number }>()
    for (const { name, level, pattern, advice } of RULES) {
      if (!found.has(name) && pattern.test(content))
        found.set(name, { check: name, level, message: advice, line: index + 1 })
    }
    return [...found.values()]
  })
}

function isSource(path: string): boolean {
  return EXTENSIONS.includes(extname(path)) || /(?:^|[\\/])\.env(?:\.[\w-]+)?$/.test(path)
}
