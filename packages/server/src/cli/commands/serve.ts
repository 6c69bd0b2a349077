import { PATHS } from '@countersign/protocol'
import type { Settings } from '../../config/settings.ts'
import type { Command } from '../command.ts'
import type { Started } from '../service.ts'

export const serve: Command = {
  name: 'serve',
  doc: 'Starts the service. Ctrl-C or SIGTERM stops it; a second one at once.',
  settings: 'listed',
  async run({ edge, output, config }) {
    const { service } = await config()
    return edge.services.serve(service, (started) => {
      if (output.json) output.say('', startedJson(started))
      else edge.out(startText(started, service.settings))
    })
  },
}

/** What a newcomer needs next. The one-time password stands here and nowhere else. */
export function startText(started: Started, settings: Settings): string {
  const { issuer, address, dataDir, administrator } = started
  const facts = [
    ['issuer', issuer],
    ['listening on', address],
    ['data folder', dataDir],
    ...administratorFacts(administrator),
    ['JWK Set', `${issuer}${PATHS.jwks}`],
    ['metadata', `${issuer}${PATHS.metadata}`],
  ]
  return [
    'Countersign is ready.',
    '',
    ...facts.map(([name = '', value = '']) => `  ${name.padEnd(17)}  ${value}`),
    '',
    ...(settings.registration === 'open' ? ['Register:', `  ${curl(issuer, PATHS.register)}`] : []),
    'Log in:',
    `  ${curl(issuer, PATHS.login)}`,
    '',
    'Ctrl-C stops',
    '',
  ].join('\n')
}

function administratorFacts(administrator: Started['administrator']): readonly (readonly string[])[] {
  if (administrator === undefined) return []
  const { username, oneTimePassword } = administrator
  if (oneTimePassword === undefined) return [['administrator', `${username}, with the password of the settings`]]
  return [
    ['administrator', username],
    ['one-time password', oneTimePassword],
    ['', 'shown once, good for 24 hours, to be changed at the first log-in'],
  ]
}

function curl(issuer: string, path: string): string {
  const body = JSON.stringify({ username: 'alice', password: 'seven purple lanterns drift' })
  return `curl -s ${issuer}${path} -H 'content-type: application/json' -d '${body}'`
}

function startedJson({ issuer, address, dataDir, administrator }: Started): unknown {
  return {
    issuer,
    address,
    data_dir: dataDir,
    jwks_uri: `${issuer}${PATHS.jwks}`,
    metadata: `${issuer}${PATHS.metadata}`,
    ...(administrator === undefined
      ? {}
      : { administrator: administrator.username, one_time_password: administrator.oneTimePassword }),
  }
}
