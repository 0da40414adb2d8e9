import type { GermanPage } from './page.ts'

const api = '/admin/resources/api?identifier=https%3A%2F%2Fbestellungen.example'
const BESTELLUNGEN = {
  identifier: 'https://bestellungen.example',
  name: 'Bestellungen',
  scope: 'bestellungen:lesen',
}

export const PAGES_OF_APIS: readonly GermanPage[] = [
  ['resources: none yet', ({ open }) => open('/admin/resources'), 'Es gibt noch keine API.'],
  [
    'resources: one that will not do',
    async ({ open, send }) =>
      send(await open('/admin/resources'), '/admin/resources', {
        ...{
          identifier: 'http://orders',
          scope: 'openid admin:x a',
          defaults: 'b',
          lifetime: '5',
          claims: 'x',
        },
      }),
    /muss eine URI mit https oder urn: sein.*60 bis 604800 sein/s,
    422,
  ],
  [
    'resources: one that is added',
    async ({ open, send }) => send(await open('/admin/resources'), '/admin/resources', BESTELLUNGEN),
    'Die API ist hinzugefügt.',
  ],
  [
    'resources: the same again',
    async ({ open, send }) => send(await open('/admin/resources'), '/admin/resources', BESTELLUNGEN),
    'Es gibt schon eine API mit dieser Kennung.',
    422,
  ],
  ['resources: one', ({ open }) => open(api), 'Die Audience der Tokens'],
  [
    'resources: a stale tab',
    async ({ open, send, latchkey }) => {
      const page = await open(api)
      await latchkey.services.resources.update(BESTELLUNGEN.identifier, { scopes_by_role: true })
      return send(page, '/admin/resources/edit', {})
    },
    /Jetzt gespeichert:.*Scopes nach Rolle ?ja/s,
    409,
  ],
  [
    'resources: its credential, shown once',
    async ({ open, send }) => send(await open(api), '/admin/resources/credentials', {}),
    'Die API hat neue Zugangsdaten.',
  ],
  [
    'resources: removing its credential',
    async ({ open, follow }) => follow(await open(api), 'Entfernen …'),
    'Diese Zugangsdaten entfernen?',
  ],
  [
    'resources: the words of a scope',
    async ({ open, follow }) => follow(await open(api), 'Bearbeiten'),
    'Wie Benutzer ihn lesen',
  ],
  [
    'resources: words that will not do',
    async ({ open, send, follow }) =>
      send(await follow(await open(api), 'Bearbeiten'), '/admin/resources/scope', {
        description: 'a\u202eb',
      }),
    'muss eine Zeile einfachen Textes',
    422,
  ],
  [
    'resources: removing one',
    ({ open }) => open(api.replace('/api?', '/remove?')),
    'Bestellungen entfernen?',
  ],
  [
    'resources: removing one while another administrator changes it',
    async ({ open, send, latchkey }) => {
      const asked = await open(api.replace('/api?', '/remove?'))
      await latchkey.services.resources.update(BESTELLUNGEN.identifier, { scope: 'bestellungen:alle' })
      return send(asked, '/admin/resources/remove')
    },
    /ist nicht gelöscht\..*Scopes bestellungen:alle vorher: bestellungen:lesen/s,
    409,
  ],
  [
    'resources: removing one as it was seen',
    async ({ open, send }) => send(await open(api.replace('/api?', '/remove?')), '/admin/resources/remove'),
    'Die API ist entfernt.',
  ],
  ['resources: no such', ({ open }) => open('/admin/resources/api?identifier=x'), 'Es gibt keine API', 404],
]
