import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { placeOf } from '../../src/storage/location.ts'
import { welcome } from '../../src/welcome.ts'

const said = (env: Record<string, string>, setupUrl?: string) => {
  const config = parseConfig(env, () => {
    throw new Error('no secret files here')
  })
  return welcome(config, { setupUrl, env, database: placeOf(config.databaseUrl, config.dataDir) })
}

test('says where the server runs, where its data is and what to do next', () => {
  const text = said({}, 'http://localhost:3000/setup?token=abc')
  expect(text).toContain('Latchkey is running at http://localhost:3000\n')
  expect(text).toContain('http://localhost:3000/.well-known/openid-configuration')
  expect(text).toMatch(/Mail +written to .*\/data\/outbox/)
  expect(text).toContain('There is no administrator yet.')
  expect(text).toContain('  http://localhost:3000/setup?token=abc\n')
  expect(text).toMatch(/^ {2}npm run -s latchkey -- clients create /m)
})

test('the command it names works on the data of this server', () => {
  expect(said({ DATA_DIR: '/srv/latchkey' })).toMatch(
    /^ {2}DATA_DIR=\/srv\/latchkey npm run -s latchkey -- /m,
  )
  expect(said({ DATA_DIR: "/srv/it's here" })).toContain(`  DATA_DIR='/srv/it'\\''s here' npm run`)
})

test('it repeats every variable that the command needs, and names the secret ones without showing them', () => {
  expect(said({ PORT: '3100' })).toContain('  ISSUER=http://localhost:3100 npm run -s latchkey -- ')
  expect(said({ DATABASE_URL: 'postgresql://latchkey@db/latchkey' })).toContain(
    '  DATABASE_URL=postgresql://latchkey@db/latchkey npm run -s latchkey -- ',
  )
  const text = said({ DATABASE_URL: 'postgresql://u:hidden@db/l', SECRET_KEY: 'k'.repeat(40), PORT: '3100' })
  expect(text).toContain('in a shell that has the DATABASE_URL and SECRET_KEY of this server:')
  expect(text).toContain('  ISSUER=http://localhost:3100 npm run -s latchkey -- ')
  expect(text).not.toMatch(/hidden|kkk/)
  const files = { DATABASE_URL_FILE: '/run/secrets/db', SECRET_KEY_FILE: '/run/secrets/key' }
  const config = parseConfig(files, (path) =>
    path.endsWith('db') ? 'postgresql://u:p@db/l' : 'k'.repeat(40),
  )
  expect(welcome(config, { setupUrl: undefined, env: files, database: '' })).toContain(
    '  DATABASE_URL_FILE=/run/secrets/db SECRET_KEY_FILE=/run/secrets/key npm run -s latchkey -- ',
  )
})

test('without a set-up link there is no word of one; a database of one’s own shows no password', () => {
  const text = said({ DATABASE_URL: 'postgresql://latchkey:hidden@db/latchkey', SMTP_URL: 'smtp://mail' })
  expect(text).not.toContain('administrator')
  expect(text).not.toContain('hidden')
  expect(text).toMatch(/Database +postgresql:\/\/db:5432\/latchkey \(PostgreSQL\)/)
  expect(text).toMatch(/Mail +by SMTP/)
})

test('sign-in providers come with the callback URL to enter there', () => {
  const text = said({ GITHUB_CLIENT_ID: 'Iv1.8a61', GITHUB_CLIENT_SECRET: 'of-github' })
  expect(text).toMatch(
    /Sign-in +GitHub: enter there http:\/\/localhost:3000\/api\/auth\/oauth\/github\/callback$/m,
  )
  expect(text).not.toContain('of-github')
})
