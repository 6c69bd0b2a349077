import { resolve } from 'node:path'
import { type KeyBody, PATHS } from '@countersign/protocol'
import type { Settings } from '../../config/settings.ts'
import { type Command, CommandFailure, withService } from '../command.ts'
import { type Cell, formatTime } from '../output.ts'

const COLUMNS = ['kid', 'algorithm', 'audience', 'state', 'published', 'signs from']

const list: Command = {
  name: 'key list',
  doc: 'Lists the signing keys and their states.',
  settings: 'taken',
  run: (input) =>
    withService(input, async (service) => {
      const keys = await service.keys.list()
      input.output.table(COLUMNS, keys.map(keyRow), { keys })
      return 0
    }),
}

const rotate: Command = {
  name: 'key rotate',
  doc: 'Lets the published successor sign from now on, and publishes another. A running service takes it up within 30 seconds.',
  options: [
    {
      name: 'now',
      doc: 'take a successor that is younger than the key lead; a verifier that has not fetched it yet refuses new tokens until it does',
    },
  ],
  settings: 'taken',
  run: (input) =>
    withService(input, async (service) => {
      const key = await service.keys.rotate({ now: input.has('now') })
      input.output.table(COLUMNS, [keyRow(key)], key)
      if (input.has('now')) {
        input.output.warn('A verifier that has not fetched this key yet refuses its tokens until it does.')
      }
      return 0
    }),
}

const exportKey: Command = {
  name: 'key export',
  doc: 'Writes the shared secrets of one audience to a new file of mode 0600. Only with HS256 and its kind: who verifies with them can also sign. Public keys need no export; they are at the jwks_uri.',
  options: [
    { name: 'audience', value: 'audience', doc: 'whose secrets; never those of the issuer', required: true },
    { name: 'out', value: 'path', doc: 'the file; it must not exist yet', required: true },
  ],
  settings: 'taken',
  async run(input) {
    const { service: config } = await input.config()
    const audience = input.option('audience') ?? ''
    refuseNothingToExport(config.settings, audience)
    const path = resolve(input.edge.cwd, input.option('out') ?? '')
    if ((await input.edge.files.mode(path)) !== undefined) throw new CommandFailure('the file exists already')

    return withService(input, async (service) => {
      const keys = await service.keys.exportSecrets(audience)
      const text = `${JSON.stringify({ keys }, undefined, 2)}\n`
      if (!(await input.edge.files.create(path, text, 0o600))) throw new CommandFailure('the file exists already')
      const count = keys.length === 1 ? '1 secret' : `${keys.length} secrets`
      input.output.say(`${count} written to ${path}, readable by you alone`, { path, keys: keys.length })
      return 0
    })
  },
}

/** Says why before the service is asked: its own refusal cannot know what the person expected. */
function refuseNothingToExport({ signingAlgorithm, issuer }: Settings, audience: string): void {
  if (!signingAlgorithm.startsWith('HS')) {
    throw new CommandFailure(
      `the service signs with ${signingAlgorithm}; its public keys are at ${issuer}${PATHS.jwks}`,
    )
  }
  if (audience === issuer) throw new CommandFailure("the issuer's own secret is never exported: it opens /admin")
}

export const keyCommands: readonly Command[] = [list, rotate, exportKey]

function keyRow(key: KeyBody): readonly Cell[] {
  const { kid, alg, audience, state, published_at, activates_at } = key
  return [kid, alg, audience, state, formatTime(published_at), formatTime(activates_at)]
}
