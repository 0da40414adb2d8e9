import type { GermanPage, Visit } from './page.ts'

const URL = 'http://127.0.0.1:9/ereignisse'
/** Opens the page of the one that there is. */
const one = async ({ open, follow }: Visit) => follow(await open('/admin/webhooks'), URL)
const press = async (visit: Visit, button: string) => {
  const page = await one(visit)
  return visit.send(page, `${page.url.pathname}/${button}`)
}

export const PAGES_OF_WEBHOOKS: readonly GermanPage[] = [
  ['webhooks: none yet', ({ open }) => open('/admin/webhooks'), 'Es gibt noch keinen Webhook.'],
  [
    'webhooks: one that will not do',
    async ({ open, send }) =>
      send(await open('/admin/webhooks'), '/admin/webhooks', { url: 'ftp://a', events: 'a.b' }),
    /muss eine Adresse sein.*kennt diesen Typ nicht: a\.b/s,
    422,
  ],
  [
    'webhooks: one that is created, with its secret',
    async ({ open, send }) =>
      send(await open('/admin/webhooks'), '/admin/webhooks', { url: URL, events: 'user.*' }),
    /Der Webhook ist erstellt\..*Das Geheimnis, nur dieses eine Mal/s,
  ],
  ['webhooks: a test event', (visit) => press(visit, 'test'), 'Ein Test-Ereignis ist unterwegs.'],
  ['webhooks: another secret', (visit) => press(visit, 'rotate-secret'), 'Zwei Geheimnisse signieren bis'],
  [
    'webhooks: a stale tab',
    async (visit) => {
      const page = await one(visit)
      const { webhooks } = visit.latchkey.services
      await webhooks.update((await webhooks.list())[0]?.id ?? '', { description: 'Andere' })
      return visit.send(page, `${page.url.pathname}/edit`)
    },
    /Jetzt gespeichert:.*Beschreibung ?Andere/s,
    409,
  ],
  [
    'webhooks: disabled',
    (visit) => press(visit, 'disable'),
    'Was inzwischen geschieht, wird ihm später nicht',
  ],
  ['webhooks: all', ({ open }) => open('/admin/webhooks'), 'deaktiviert'],
  [
    'webhooks: deleting it',
    async (visit) => visit.follow(await one(visit), 'Löschen …'),
    'Diesen Webhook löschen?',
  ],
  [
    'webhooks: no such',
    ({ open }) => open('/admin/webhooks/x'),
    'Es gibt keinen Webhook mit dieser ID.',
    404,
  ],
  ['scim: none yet', ({ open }) => open('/admin/scim'), 'Es gibt noch keines. Erstellen Sie unten eines.'],
  [
    'scim: one that will not do',
    async ({ open, send }) => send(await open('/admin/scim'), '/admin/scim', { organization: 'keine' }),
    'Geben Sie den Namen des Verzeichnisses ein',
    422,
  ],
  [
    'scim: of an organization that is none',
    async ({ open, send }) =>
      send(await open('/admin/scim'), '/admin/scim', { name: 'Entra', organization: 'keine' }),
    'Es gibt keine Organisation mit dieser ID oder diesem Kurznamen.',
    422,
  ],
  [
    'scim: one that is created',
    async ({ open, send }) => send(await open('/admin/scim'), '/admin/scim', { name: 'Entra' }),
    'Das Token, nur dieses eine Mal',
  ],
  [
    'scim: deleting it',
    async ({ open, follow }) => follow(await open('/admin/scim'), 'Löschen …'),
    'Dieses Token löschen?',
  ],
  ['scim: no such', ({ open }) => open('/admin/scim/x/delete'), 'Es gibt kein SCIM-Token', 404],
]
