/** The hash alone, by two libraries, with the same parameters: what no log-in can go below. */
import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { hash, verify } from '@node-rs/argon2'
import { ARGON2_COST } from '../../packages/server/src/adapters/argon2id/password-hasher.ts'
import type { OpenStand } from '../harness/stand.ts'

const PASSWORD = 'seven purple lanterns drift'
const TAG_LENGTH = 32

const derive = promisify(argon2)

export const open: OpenStand<null> = async () => {
  const { memory, passes, lanes } = ARGON2_COST
  const options = { algorithm: 2, memoryCost: memory, timeCost: passes, parallelism: lanes, outputLen: TAG_LENGTH }
  const stored = await hash(PASSWORD, options)
  const nonce = randomBytes(16)
  const message = Buffer.from(PASSWORD)
  return {
    cases: {
      '@node-rs/argon2': {
        async run(count) {
          for (let i = 0; i < count; i++) if (!(await verify(stored, PASSWORD))) throw new Error('a wrong answer')
        },
      },
      'node:crypto': {
        async run(count) {
          for (let i = 0; i < count; i++) {
            await derive('argon2id', { message, nonce, parallelism: lanes, tagLength: TAG_LENGTH, memory, passes })
          }
        },
      },
    },
  }
}
