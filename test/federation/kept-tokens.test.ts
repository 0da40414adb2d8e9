import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FederationFixture, openFederation } from './federation-fixture.ts'

let keeps: FederationFixture
beforeAll(async () => {
  keeps = await openFederation({ okta: { keep_tokens: true } })
})
afterAll(() => keeps?.stop())

async function signIn(name: string, sub: string) {
  const provider = name === 'Okta' ? keeps.okta : keeps.google
  provider.accounts = [
    { sub, preferred_username: sub, email: `${sub}@example.com`, email_verified: true, name: 'Some Body' },
  ]
  const browser = keeps.browser()
  const login = await browser.open(`${keeps.latchkey.issuer}/login`)
  const page = await browser.submit(login, {}, { button: `Continue with ${name}` })
  const next = await browser.submit(page, {}, { button: page.forms[0]?.buttons[0]?.label ?? '' })
  if (next.text.includes('Almost there')) await browser.submit(next, {}, { button: 'Create account' })
  return keeps.latchkey.services.accounts.find(`${sub}@example.com`)
}

test('a provider’s tokens are kept only where that is set, encrypted, and can be read again', async () => {
  const { services } = keeps.latchkey
  const okta = await signIn('Okta', 'kept')
  const tokens = await services.keptTokens(okta?.id ?? '', 'okta')
  expect(tokens).toMatchObject({ access_token: expect.any(String), id_token: expect.stringMatching(/^eyJ/) })
  const rows = await services.db.prisma.linkedIdentity.findMany()
  for (const token of [tokens?.access_token, tokens?.id_token])
    expect(JSON.stringify(rows)).not.toContain(String(token))

  const google = await signIn('Google', 'unkept')
  expect(google).toBeDefined()
  expect(await services.keptTokens(google?.id ?? '', 'google')).toBeUndefined()
  expect(await services.keptTokens(google?.id ?? '', 'okta')).toBeUndefined()
})

test('switched off, they are gone with the next sign-in; moved to another row, they open nothing', async () => {
  const { services } = keeps.latchkey
  const { prisma } = services.db
  const other = await signIn('Google', 'other')
  const sealed = await prisma.linkedIdentity.findFirstOrThrow({ where: { provider: 'okta' } })
  await prisma.linkedIdentity.updateMany({
    where: { accountId: other?.id ?? '' },
    data: { sealedTokens: sealed.sealedTokens },
  })
  await expect(services.keptTokens(other?.id ?? '', 'google')).rejects.toMatchObject({
    code: 'provider_tokens_lost',
  })
  await signIn('Google', 'other')
  expect(await services.keptTokens(other?.id ?? '', 'google')).toBeUndefined()
})
