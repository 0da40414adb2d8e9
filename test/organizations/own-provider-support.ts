import { person } from '../accounts/pages/person.ts'
import type { FederationFixture } from '../federation/federation-fixture.ts'
import type { HttpBrowser } from '../support/flow.ts'

/**
 * Organizations whose managers set up their provider, at the upstream `okta`.
 * @param values what DNS holds
 */
export function ownProviders(engine: string, opened: () => FederationFixture, values: Set<string>) {
  const services = () => opened().latchkey.services
  const at = (path: string) => `${opened().latchkey.issuer}${path}`
  let made = 0
  /** A manager of a new organization, which has verified a domain. */
  async function managed({ verified = true } = {}) {
    const { organizations } = services()
    const manager = await person(opened().latchkey)
    const name = `Company ${engine} ${++made}`
    const { id } = await organizations.create({ name })
    await organizations.members.put(id, manager.id, ['admin'])
    const domain = `company${made}-${engine}.example`
    if (verified) {
      values.add((await organizations.domains.add(id, domain)).record.value)
      await organizations.domains.verify(id, domain)
    }
    const path = `/account/organizations/${id}/provider`
    return { manager, browser: manager.browser, id, name, domain, path }
  }
  const fields = () => ({
    Issuer: opened().okta.issuer,
    'Client ID': opened().okta.clientId,
    'Client secret': opened().okta.clientSecret ?? '',
  })
  const input = () => ({
    ...{ issuer: opened().okta.issuer, clientId: opened().okta.clientId },
    ...{ clientSecret: opened().okta.clientSecret, authMethod: 'client_secret_basic' },
    ...{ trustEmail: false, required: false, join: true, roles: ['member'] },
  })
  const idOf = async (organizationId: string) =>
    (await services().providers.ofOrganization(organizationId))[0]?.id ?? ''
  const redirectOf = async (by: string, id: string) => (await services().ownProvider.get(by, id)).redirectUri
  /** Set up, and known at the provider by its redirect URI. */
  async function setUp() {
    const one = await managed()
    await services().ownProvider.save(one.manager.id, one.id, input())
    opened().okta.setCallback(await redirectOf(one.manager.id, one.id))
    return one
  }
  let people = 0
  function upstream(email: (name: string) => string) {
    const sub = `${engine}-own-${++people}`
    const account = {
      ...{ sub, preferred_username: `p-${sub}`, given_name: 'A', family_name: 'B', name: 'A B' },
      ...{ email: email(`p-${sub}`), email_verified: true },
    }
    opened().okta.accounts = [account]
    return account
  }
  async function arrive(email: string, browser: HttpBrowser = opened().browser()) {
    const page = await browser.open(at('/login/organization'))
    const there = await browser.submit(page, { Email: email }, { button: 'Continue' })
    return browser.submit(there, {}, { button: there.forms[0]?.buttons[0]?.label ?? '' })
  }
  return { services, at, managed, fields, input, idOf, redirectOf, setUp, upstream, arrive }
}
