import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OUTSIDE_TYPES } from '../../src/audit/outside/types.ts'
import { signedIn } from '../admin/console.ts'
import type { HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts'

describe.each(engines)('webhooks in the console, on %s', (engine) => {
  let latchkey: Latchkey
  let receiver: Receiver
  let browser: HttpBrowser
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    receiver = await startReceiver()
    ;({ browser } = await signedIn(latchkey))
  })
  afterAll(() => latchkey?.stop())

  const open = (path: string) => browser.open(`${latchkey.issuer}/admin/webhooks${path}`)
  const settle = async () => {
    const { audit, queue, webhooks } = latchkey.services
    await audit.idle()
    await webhooks.dispatch.look()
    await queue.run()
  }

  test('an administrator creates a webhook, tests it, looks at what was sent and sends it again', async () => {
    const refused = await browser.submit(
      await open(''),
      { Address: receiver.url, Events: 'user.flown' },
      { button: 'Create webhook' },
    )
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('user.flown')
    expect(JSON.stringify(refused.forms)).toContain(receiver.url)
    let page = await browser.submit(
      refused,
      { Address: receiver.url, Events: 'user.*, session.ended', Description: 'CRM' },
      { button: 'Create webhook' },
    )
    expect(page.text).toContain('The webhook is created.')
    expect(page.text).toMatch(/whsec_[\w+/=]{40,}/)
    expect((await browser.open(page.url.href)).text).not.toMatch(/whsec_/)

    page = await browser.submit(page, {}, { button: 'Send a test event' })
    expect(page.text).toContain('A test event is on its way')
    await settle()
    page = await browser.open(page.url.href.split('?')[0] ?? '')
    expect(page.text).toContain('webhook.test')
    expect(page.text).toContain('HTTP 204')
    const { event } =
      (await latchkey.services.webhooks.deliveries(page.url.pathname.split('/').at(-1) ?? '')).items[0] ?? {}
    page = await browser.submit(page, {}, { button: `Send again webhook.test ${event}` })
    await settle()
    expect(receiver.types()).toEqual(['webhook.test', 'webhook.test'])

    page = await browser.submit(page, {}, { button: 'New secret' })
    expect(page.text).toMatch(/whsec_/)
    expect(page.text).toContain('Two secrets sign until')

    const stale = page
    page = await browser.submit(page, { Events: 'client.*' }, { button: 'Save' })
    expect(page.text).toContain('Saved.')
    const conflict = await browser.submit(stale, { Events: 'group.*' }, { button: 'Save' })
    expect(conflict.status).toBe(409)
    expect(conflict.text).toContain('Stored now')
    expect((await latchkey.services.webhooks.list())[0]?.events).toEqual(['client.*'])

    page = await browser.submit(page, {}, { button: 'Disable' })
    expect(page.text).toContain('What happens meanwhile is not sent to it later')
    page = await browser.submit(page, {}, { button: 'Enable' })
    expect(page.text).toContain('The webhook is enabled')

    const { id = '' } = (await latchkey.services.webhooks.list())[0] ?? {}
    const question = await open(`/${id}/delete`)
    await latchkey.services.webhooks.update(id, { description: 'Newer' })
    const stays = await browser.submit(question, {}, { button: 'Delete webhook' })
    expect(stays.status).toBe(409)
    expect(stays.text).toContain('It is not deleted.')
    page = await browser.submit(await open(`/${id}/delete`), {}, { button: 'Delete webhook' })
    expect(page.text).toContain('There is no webhook yet')
    expect((await open(`/${id}`)).status).toBe(404)
  })

  test('an auditor sees them, and can do nothing', async () => {
    const { id } = await latchkey.services.webhooks.create({ url: receiver.url, events: ['*'] })
    const { browser: auditor } = await signedIn(latchkey, 'auditor')
    const page = await auditor.open(`${latchkey.issuer}/admin/webhooks/${id}`)
    expect(page.status).toBe(200)
    expect(page.text).not.toMatch(/Send a test event|New secret|Disable<|Delete …/)
    expect((await auditor.open(`${latchkey.issuer}/admin/webhooks`)).text).not.toContain('Create a webhook')
  })

  test('the form names every type that there is, by family, and each is taken', async () => {
    const { body } = await open('')
    const named = [...body.matchAll(/<code>([a-z_]+\.(?:[a-z_]+|\*))<\/code>/g)].map(([, name]) => name ?? '')
    expect(named.filter((name) => !name.endsWith('.*')).sort()).toEqual([...OUTSIDE_TYPES.keys()].sort())
    expect(named).toContain('user.*')
    const made = []
    for (let at = 0; at < named.length; at += 100)
      made.push(
        await latchkey.services.webhooks.create({ url: receiver.url, events: named.slice(at, at + 100) }),
      )
    expect(made.flatMap(({ events }) => events).length).toBe(named.length)
    const page = await open(`/${made[0]?.id}`)
    expect(page.body).toContain('<code>factor.*</code>')
  })
})
