import type { Page } from 'playwright-core'
import type { E2eFixture } from '../e2e-fixture.ts'
import { fill, follow, haveSignedIn, heading, press } from '../steps.ts'
import type { Scene } from './scenes.ts'

let administrators = 0

/** A tab of an administrator at a path of the console. */
async function asAdministrator(page: Page, { latchkey }: E2eFixture, path: string): Promise<void> {
  const username = `keeper${++administrators}`
  const { id } = await latchkey.createUser(username)
  await latchkey.services.accounts.setRole(id, 'admin')
  await haveSignedIn(page, latchkey.issuer, { username })
  await page.goto(`${latchkey.issuer}${path}`)
}

const register = async (page: Page, e2e: E2eFixture, name: string): Promise<void> => {
  await asAdministrator(page, e2e, '/admin/clients/new?kind=web')
  await fill(page, 'Name', name)
  await fill(page, 'Redirect URIs', 'https://shop.example/callback')
  await press(page, 'Register')
  await heading(page, name)
}

/** A page in one of its states that `what` is tested on: fields, buttons and links are those of the views. */
type ConsoleScene = Pick<Scene, 'name' | 'open' | 'title'>

export const clientScenes: ConsoleScene[] = [
  {
    name: 'clients-form',
    title: 'New web application',
    async open(page, e2e) {
      await asAdministrator(page, e2e, '/admin/clients/new?kind=web')
      await fill(page, 'Name', 'Photo Shop')
      await fill(page, 'Redirect URIs', 'http://shop.example/callback')
      await press(page, 'Register')
      await page.locator('#field-redirect_uris-error').waitFor()
    },
  },
  {
    name: 'clients-created',
    title: 'Photo Shop',
    async open(page, e2e) {
      await register(page, e2e, 'Photo Shop')
      await page
        .locator('summary', { hasText: /^openid-client / })
        .first()
        .click()
    },
  },
  {
    name: 'clients-preset',
    title: 'New client: Grafana',
    async open(page, e2e) {
      await asAdministrator(page, e2e, '/admin/clients/new/grafana')
      await fill(page, 'Its address', 'http://grafana.example')
      await press(page, 'Register')
      await page.locator('#field-url-error').waitFor()
    },
  },
  {
    name: 'clients-preset-created',
    title: 'Grafana',
    async open(page, e2e) {
      await asAdministrator(page, e2e, '/admin/clients/new/grafana')
      await fill(page, 'Its address', 'https://grafana.example')
      await press(page, 'Register')
      await page.getByRole('heading', { name: 'Into the settings of Grafana' }).waitFor()
    },
  },
  {
    name: 'clients-client',
    title: 'Photo Shop',
    async open(page, e2e) {
      await register(page, e2e, 'Photo Shop')
      await follow(page, 'Secrets')
      await press(page, 'New secret')
      await page.getByText('There is a new secret').waitFor()
      await page.reload()
    },
  },
  {
    name: 'clients-edit-stale',
    title: 'Edit Photo Shop',
    async open(page, e2e) {
      await register(page, e2e, 'Photo Shop')
      const id = new URL(page.url()).pathname.split('/').at(-1) ?? ''
      await follow(page, 'Edit')
      await fill(page, 'Name', 'By this tab')
      await e2e.latchkey.services.clients.update(id, { client_name: 'Photo Shop' })
      await press(page, 'Save')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'try-result',
    title: 'Try Harbour Notes',
    async open(page, e2e) {
      await asAdministrator(page, e2e, `/admin/clients/${e2e.app.clientId}/try`)
      await press(page, 'Run')
      await page.getByRole('heading', { name: 'It works' }).waitFor()
    },
  },
]
