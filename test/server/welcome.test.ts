import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { welcome } from '../../src/welcome.ts'

const said = (env: Record<string, string>, setupUrl?: string) =>
  welcome(
    parseConfig(env, () => {
      throw new Error('no secret files here')
    }),
    setupUrl,
  )

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

test('without a set-up link there is no word of one; a database of one’s own shows no password', () => {
  const text = said({ DATABASE_URL: 'postgresql://latchkey:hidden@db/latchkey', SMTP_URL: 'smtp://mail' })
  expect(text).not.toContain('administrator')
  expect(text).not.toContain('hidden')
  expect(text).toMatch(/Database +PostgreSQL/)
  expect(text).toMatch(/Mail +by SMTP/)
})

test('sign-in providers come with the callback URL to enter there', () => {
  const text = said({ GITHUB_CLIENT_ID: 'Iv1.8a61', GITHUB_CLIENT_SECRET: 'of-github' })
  expect(text).toMatch(
    /Sign-in +GitHub: enter there http:\/\/localhost:3000\/api\/auth\/oauth\/github\/callback$/m,
  )
  expect(text).not.toContain('of-github')
})
