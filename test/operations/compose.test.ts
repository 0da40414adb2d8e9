import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

interface Compose {
  services: { latchkey: { env_file: string[]; environment: Record<string, string> } }
}

test('compose passes every variable of .env to the server, and sets only what is the container’s own', () => {
  const { latchkey } = (parse(readFileSync('compose.yaml', 'utf8')) as Compose).services
  expect(latchkey.env_file).toEqual(['.env'])
  // Whatever stands here wins over .env: an empty value would unset what was set there.
  expect(Object.keys(latchkey.environment).sort()).toEqual(
    ['DATABASE_URL', 'DATA_DIR', 'HOST', 'ISSUER', 'PORT', 'SECRET_KEY'].sort(),
  )
})
