import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { signsOutAtLatchkey } from './behaviour.ts'
import { clientFixture, clientTest, throughWebApp } from './clients.ts'

const fixture = clientFixture()

clientTest('rust', async () => {
  // What the first run has built of the crates is there for the second.
  const built = await mkdtemp(join(tmpdir(), 'latchkey-rust-'))
  onTestFinished(() => rm(built, { recursive: true, force: true }))
  const options = { install: true, patience: 800, env: { CARGO_TARGET_DIR: built } }
  await signsOutAtLatchkey(fixture, 'rust', options)
  return throughWebApp(fixture, 'rust', {
    options,
    versions: async (folder) => {
      const lock = await readFile(join(folder, 'Cargo.lock'), 'utf8')
      const version = (name: string) =>
        new RegExp(`name = "${name}"\nversion = "([^"]+)"`).exec(lock)?.[1] ?? ''
      return { openidconnect: version('openidconnect') }
    },
  })
})
