import { afterAll, beforeAll, expect, test } from 'vitest'
import { ENGLISH, LOCALES } from '../../src/shared/locales/locales.ts'
import { inLocale, t } from '../../src/shared/locales/texts.ts'
import { signedIn } from '../admin/console.ts'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { freePort } from '../support/ports.ts'
import { ownProviders } from './own-provider-support.ts'

let federation: FederationFixture
const values = new Set<string>()
beforeAll(async () => {
  federation = await openFederation({ lookUpTxt: async () => ({ values: [...values] }) })
})
afterAll(() => federation?.stop())
const { services, at, input, setUp } = ownProviders('findings', () => federation, values)

test.each(LOCALES)('what a test finds is said to managers in their language: $tag', async ({ tag }) => {
  const one = await setUp()
  const { browser, id } = await signedIn(federation.latchkey, 'user', { 'accept-language': tag })
  await services().organizations.members.put(one.id, id, ['admin'])
  const run = async () => {
    const page = await browser.open(at(one.path))
    const tested = await browser.submit(
      page,
      {},
      { form: ({ action }) => new URL(action, page.url).pathname === `${one.path}/test` },
    )
    // What is isolated from the text around it.
    return tested.text.replaceAll(/[\u2066-\u2069]/g, '')
  }
  const said = (...given: Parameters<typeof t>) =>
    inLocale(tag, () => t(...given)).replaceAll(/[\u2066-\u2069]/g, '')
  const { issuer } = federation.okta
  const good = await run()
  expect(good).toContain(said('provider.finding.discovery.ok', { issuer }))
  expect(good).toContain(said('provider.finding.credentials.ok'))
  await services().ownProvider.save(one.manager.id, one.id, { ...input(), clientSecret: 'wrong' })
  const refused = await run()
  expect(refused).toContain(said('provider.finding.credentials.remedy'))
  expect(refused).toContain(said('provider.problem.challenge', { status: '401' }))
  await services().ownProvider.save(one.manager.id, one.id, {
    ...input(),
    issuer: `http://localhost:${await freePort()}`,
  })
  const gone = await run()
  expect(gone).toContain(said('provider.problem.refused', { host: 'localhost' }))
  expect(gone).toContain(said('provider.finding.discovery.remedy'))
  if (tag !== ENGLISH)
    expect(gone).not.toContain(inLocale(ENGLISH, () => t('provider.finding.discovery.remedy')))
})
