import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { github as kind } from '../../../src/federation/connectors/github.ts'
import { startGitHub, type TestGitHub } from '../../support/upstream/github.ts'
import { connectGitHub } from './connector.ts'

const redirectUri = 'https://id.example/api/auth/oauth/github/callback'
let github: TestGitHub

beforeAll(async () => {
  github = await startGitHub()
})
afterAll(() => github.stop())
beforeEach(() => {
  github.broken.clear()
  github.setCallback(redirectUri)
})

describe('settings', () => {
  test('are those of github.com unless told', () => {
    expect(kind.settings.parse({})).toEqual({ url: 'https://github.com', api_url: 'https://api.github.com' })
  })

  test('lose the slash at the end', () => {
    expect(
      kind.settings.parse({ url: 'https://ghe.example.com/', api_url: 'https://ghe.example.com/api/v3/' }),
    ).toEqual({ url: 'https://ghe.example.com', api_url: 'https://ghe.example.com/api/v3' })
  })

  test.each([
    'http://ghe.example.com',
    'https://ghe.example.com?x=1',
    'https://ghe.example.com/#x',
    'https://ghe.example.com?',
    'https://user:word@ghe.example.com',
    'ghe.example.com',
    'javascript:alert(1)',
  ])('refuse %s', (value) => {
    const good = 'https://ghe.example.com'
    expect(kind.settings.safeParse({ url: value, api_url: good }).error?.issues[0]?.path).toEqual(['url'])
    expect(kind.settings.safeParse({ url: good, api_url: value }).error?.issues[0]?.path).toEqual(['api_url'])
  })

  test.each([{ url: 'https://ghe.example.com' }, { api_url: 'https://ghe.example.com/api/v3' }])(
    'refuse %j alone: a token of one would go to the other',
    (value) => {
      expect(kind.settings.safeParse(value).error?.issues[0]?.message).toMatch(
        /both for an Enterprise Server .*\/api\/v3/,
      )
    },
  )
})

describe('check', () => {
  const look = async (at = connectGitHub(github)) => {
    const findings = await at.check(redirectUri)
    expect(findings.map(({ name }) => name)).toEqual(['API', 'client ID and secret', 'authorization page'])
    const [api, credentials, page] = findings
    return { api, credentials, page, states: findings.map(({ status }) => status) }
  }

  test.each(['', '/api/v3'])('finds nothing wrong, API at “%s”', async (path) => {
    const { states } = await look(connectGitHub(github, { api_url: github.url + path }))
    expect(states).toEqual(['ok', 'ok', 'ok'])
  })

  test('finds nothing wrong where GitHub asks for a password first', async () => {
    github.broken.set('/login/oauth/authorize', 'login')
    expect((await look()).states).toEqual(['ok', 'ok', 'ok'])
  })

  test('finds a wrong secret, and does not print it', async () => {
    const wrong = 'f'.repeat(40)
    const { states, credentials } = await look(connectGitHub(github, { clientSecret: wrong }))
    expect(states).toEqual(['ok', 'fail', 'ok'])
    expect(credentials?.remedy).toContain('client secret')
    expect(JSON.stringify(credentials)).not.toContain(wrong)
  })

  test('finds a missing secret', async () => {
    expect((await look(connectGitHub(github, { clientSecret: undefined }))).credentials).toMatchObject({
      status: 'fail',
      message: 'there is no client secret',
    })
  })

  test('finds a wrong client ID', async () => {
    const { states, page } = await look(connectGitHub(github, { clientId: 'Ov23liOther' }))
    expect(states).toEqual(['ok', 'fail', 'fail'])
    expect(page?.message).toContain('Ov23liOther')
  })

  test('finds a wrong client ID, as GitHub answers in practice', async () => {
    github.broken.set('/login/oauth/access_token', '404')
    expect((await look()).credentials).toMatchObject({
      status: 'fail',
      message: 'GitHub does not accept them',
    })
  })

  test('finds a wrong callback URL, and says which to enter', async () => {
    github.setCallback('https://id.example/old/callback')
    const { states, credentials, page } = await look()
    expect(states).toEqual(['ok', 'fail', 'fail'])
    expect(credentials?.remedy).toContain(redirectUri)
    expect(page?.remedy).toContain(redirectUri)
  })

  test.each(['nonsense', '404', '500'] as const)('finds an API that answers %s', async (how) => {
    github.broken.set('/meta', how)
    const { states, api } = await look()
    expect(states).toEqual(['fail', 'ok', 'ok'])
    expect(api?.remedy).toContain('<url>/api/v3')
  })

  test('finds a token endpoint that is not GitHub’s', async () => {
    github.broken.set('/login/oauth/access_token', 'nonsense')
    const { credentials } = await look()
    expect(credentials?.status).toBe('fail')
    expect(credentials?.message).toContain('does not answer as GitHub does')
  })

  test('finds an authorization page that fails', async () => {
    github.broken.set('/login/oauth/authorize', '500')
    expect((await look()).page).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('status 500'),
    })
  })

  test('says that nothing can be reached', async () => {
    const gone = await startGitHub()
    await gone.stop()
    const findings = await connectGitHub(gone).check(redirectUri)
    expect(findings.map(({ status }) => status)).toEqual(['fail', 'fail', 'fail'])
    for (const { message, remedy } of findings) {
      expect(message).toContain(`${gone.url} cannot be reached`)
      expect(remedy).toMatch(/see whether (api_)?url is right/)
    }
  })
})
