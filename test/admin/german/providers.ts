import type { GermanPage } from './page.ts'

const page = '/admin/providers/firma'
const FIRMA = { id: 'firma', name: 'Firma', issuer: 'http://localhost:9', client_id: 'latchkey' }

export const PAGES_OF_PROVIDERS: readonly GermanPage[] = [
  [
    'providers: none yet',
    ({ open }) => open('/admin/providers'),
    'Benutzer melden sich nur mit Passwörtern an.',
  ],
  ...['oidc', 'github', 'google'].map(
    (kind): GermanPage => [
      `providers: a new one of ${kind}`,
      ({ open }) => open(`/admin/providers/new?kind=${kind}`),
      'Registrieren Sie Latchkey zuerst dort',
    ],
  ),
  [
    'providers: one that will not do',
    async ({ open, send }) =>
      send(await open('/admin/providers/new?kind=oidc'), '/admin/providers', {
        ...{ id: 'Firma!', issuer: 'https://login.microsoftonline.com/common', client_id: '' },
        ...{ email_domains: 'kein', membership_rules: 'unfug', organization: 'a b' },
      }),
    /muss aus 2 bis 32 Kleinbuchstaben.*muss der Ihres Mandanten sein/s,
    422,
  ],
  [
    'providers: one of GitHub that will not do',
    async ({ open, send }) =>
      send(await open('/admin/providers/new?kind=github'), '/admin/providers', {
        ...{ id: 'callback', client_id: 'x', url: 'https://ghe.example.com' },
      }),
    /ist reserviert.*fehlt; geben Sie das Geheimnis an/s,
    422,
  ],
  [
    'providers: one that is added',
    async ({ open, send }) =>
      send(await open('/admin/providers/new?kind=oidc'), '/admin/providers', {
        ...FIRMA,
        auth_method: 'none',
        membership_rules: 'groups=eng* group:Technik\nemail_domain=firma.example role:Leser',
        membership_sync: true,
        keep_tokens: true,
        email_domains: 'firma.example',
      }),
    /Der Anbieter ist eingeschaltet.*die Gruppe Technik, wenn groups gleich eng\* ist/s,
  ],
  [
    'providers: the same again',
    async ({ open, send }) =>
      send(await open('/admin/providers/new?kind=oidc'), '/admin/providers', {
        ...FIRMA,
        auth_method: 'none',
      }),
    'Es gibt schon einen Anbieter mit der ID firma.',
    422,
  ],
  ['providers: all', ({ open }) => open('/admin/providers'), 'Datenbank'],
  [
    'providers: a test of one that is not reached',
    async ({ open, send }) => send(await open(page), `${page}/test`),
    /Discovery falsch.*ist nicht verwendbar.*Was zu tun ist: prüfen Sie/s,
  ],
  [
    'providers: of an organization that is none',
    async ({ open, send }) => send(await open(page), `${page}/organization`, { organization: 'keine' }),
    'es gibt keine Organisation mit dieser ID oder diesem Kurznamen',
    422,
  ],
  [
    'providers: switched off',
    async ({ open, send }) => send(await open(page), `${page}/disable`),
    'Ausgeschaltet: Niemand meldet sich mehr damit an.',
  ],
  [
    'providers: removing it while another administrator changes it',
    async ({ open, send, latchkey }) => {
      const asked = await open(`${page}/remove`)
      await latchkey.services.providers.update('firma', { keep_tokens: false })
      return send(asked, `${page}/remove`)
    },
    /ist nicht gelöscht.*Tokens des Anbieters nicht gespeichert vorher: verschlüsselt gespeichert/s,
    409,
  ],
  [
    'providers: removing it',
    async ({ open, send }) => send(await open(`${page}/remove`), `${page}/remove`),
    'Der Anbieter ist entfernt.',
  ],
  ['providers: no such', ({ open }) => open(page), 'Es gibt keinen Anbieter mit dieser ID.', 404],
]
