import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { signsOutElsewhere } from './behaviour.ts'
import { clientStage, clientTest, throughWebApp } from './clients.ts'

const stage = clientStage()

clientTest('rust', async () => {
  await signsOutElsewhere(stage, 'rust', { install: true, patience: 800 })
  return throughWebApp(stage, 'rust', {
    options: { install: true, patience: 800 },
    versions: async (folder) => {
      const lock = await readFile(join(folder, 'Cargo.lock'), 'utf8')
      const version = (name: string) =>
        new RegExp(`name = "${name}"\nversion = "([^"]+)"`).exec(lock)?.[1] ?? ''
      return { openidconnect: version('openidconnect') }
    },
  })
})
