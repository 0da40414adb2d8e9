import { ANSWERS, startHookReceiver } from '../../hooks/receiver.ts'
import type { GermanPage, Visit } from './page.ts'

/** Opens the page of one by its name. */
const pageOf = async ({ open, follow }: Visit, list: string, name: string) => follow(await open(list), name)

export const PAGES_OF_DEFINITIONS: readonly GermanPage[] = [
  [
    'attributes, definitions: none yet',
    ({ open }) => open('/admin/attributes'),
    'Es gibt noch kein Attribut.',
  ],
  [
    'attributes, definitions: defining one',
    ({ open }) => open('/admin/attributes/new'),
    'Eine Liste von Texten',
  ],
  [
    'attributes, definitions: one that will not do',
    async ({ open, send }) =>
      send(await open('/admin/attributes/new'), '/admin/attributes', {
        ...{ name: 'Kostenstelle', type: 'string' },
      }),
    'Verwenden Sie 1 bis 50 Kleinbuchstaben',
    422,
  ],
  [
    'attributes, definitions: a list without choices',
    async ({ open, send }) =>
      send(await open('/admin/attributes/new'), '/admin/attributes', { name: 'kst', type: 'one_of' }),
    'Geben Sie an, was gewählt werden kann.',
    422,
  ],
  [
    'attributes, definitions: one that is defined',
    async ({ open, send }) =>
      send(await open('/admin/attributes/new'), '/admin/attributes', {
        ...{ name: 'kst', label: 'Kostenstelle', type: 'string' },
      }),
    /Das Attribut ist definiert\..*Keine App erfährt davon/s,
  ],
  [
    'attributes, definitions: the name twice',
    async ({ open, send }) =>
      send(await open('/admin/attributes/new'), '/admin/attributes', { name: 'kst', type: 'string' }),
    'Dieser Name ist schon vergeben.',
    422,
  ],
  ['attributes, definitions: all', ({ open }) => open('/admin/attributes'), 'Kostenstelle'],
  [
    'attributes, definitions: a stale tab',
    async (visit) => {
      const page = await pageOf(visit, '/admin/attributes', 'kst')
      const { attributes } = visit.latchkey.services
      await attributes.update((await attributes.find('kst')).id, { visible_to: 'user' })
      return visit.send(page, `${page.url.pathname}/edit`)
    },
    'Auch der Benutzer',
    409,
  ],
  [
    'attributes: deleting it',
    async (visit) => {
      const page = await pageOf(visit, '/admin/attributes', 'kst')
      return visit.open(`${page.url.pathname}/delete`)
    },
    'kst löschen?',
  ],
  [
    'attributes, definitions: no such',
    ({ open }) => open('/admin/attributes/x'),
    'Es gibt kein Attribut',
    404,
  ],
  ['claims, definitions: none yet', ({ open }) => open('/admin/claims'), 'Es gibt noch keinen Claim.'],
  [
    'claims, definitions: one that will not do',
    async ({ open, send }) =>
      send(await open('/admin/claims/new'), '/admin/claims', {
        name: 'iss',
        value: 'x',
        rename: 'a',
        scope: 'ä',
      }),
    /durch einen Standard reserviert.*Wählen Sie mindestens einen/s,
    422,
  ],
  [
    'claims, definitions: of no attribute',
    async ({ open, send }) =>
      send(await open('/admin/claims/new'), '/admin/claims', {
        ...{ name: 'abteilung', source: 'attribute', value: 'abteilung', 'in.id_token': true },
      }),
    'Es gibt kein Attribut mit diesem Namen.',
    422,
  ],
  [
    'claims, definitions: one that is defined',
    async ({ open, send }) =>
      send(await open('/admin/claims/new'), '/admin/claims', {
        ...{ name: 'kst', source: 'attribute', value: 'kst', 'in.id_token': true },
      }),
    'Der Claim ist definiert.',
  ],
  [
    'claims, definitions: its preview',
    async (visit) => {
      const { client_id: client } = await visit.latchkey.createClient({ client_name: 'Uhr' })
      const page = await pageOf(visit, '/admin/claims', 'kst')
      return visit.send(page, page.url.pathname, { user: 'petra', client })
    },
    /Für petra, wenn die App jeden Scope erhält.*Nicht da\. Er ist nicht für diesen Ort/s,
  ],
  [
    'claims, definitions: a preview for nobody',
    async (visit) => {
      const page = await pageOf(visit, '/admin/claims', 'kst')
      return visit.send(page, page.url.pathname, { user: 'niemand' })
    },
    'Es gibt keinen Benutzer',
  ],
  [
    'claims: deleting it',
    async (visit) => visit.follow(await pageOf(visit, '/admin/claims', 'kst'), 'Löschen …'),
    'Apps und APIs erfahren nichts mehr davon.',
  ],
  ['hooks, definitions: none yet', ({ open }) => open('/admin/hooks'), 'Es gibt noch keinen Hook.'],
  [
    'hooks, definitions: one that will not do',
    async ({ open, send }) => send(await open('/admin/hooks/new'), '/admin/hooks', { name: 'X', url: '' }),
    /mit einem Buchstaben am Anfang: risk-check.*Geben Sie eine Adresse ein/s,
    422,
  ],
  [
    'hooks, definitions: one that is defined, and its secret',
    async ({ open, send }) => {
      const { url } = await startHookReceiver()
      return send(await open('/admin/hooks/new'), '/admin/hooks', {
        ...{ name: 'pruefung', at: 'sign_in', url, state: 'disabled' },
      })
    },
    'Daran erkennt dieses, dass eine Frage von hier kommt.',
  ],
  [
    'hooks, definitions: trying it',
    async (visit) => {
      const page = await pageOf(visit, '/admin/hooks', 'pruefung')
      return visit.send(page, `${page.url.pathname}/test`)
    },
    /Er hat in \d+ ms geantwortet/,
  ],
  [
    'hooks, definitions: an answer that will not do',
    async (visit) => {
      const { hooks } = visit.latchkey.services
      const receiver = await startHookReceiver()
      receiver.answer = ANSWERS['HTTP 500']
      await hooks.update((await hooks.find('pruefung')).id, { url: receiver.url })
      const page = await pageOf(visit, '/admin/hooks', 'pruefung')
      return visit.send(page, `${page.url.pathname}/test`)
    },
    'er hat mit HTTP 500 geantwortet',
  ],
  [
    'hooks, definitions: another secret',
    async (visit) => {
      const page = await pageOf(visit, '/admin/hooks', 'pruefung')
      return visit.send(page, `${page.url.pathname}/rotate-secret`)
    },
    'Zwei Geheimnisse signieren bis',
  ],
  [
    'hooks: deleting it',
    async (visit) => visit.follow(await pageOf(visit, '/admin/hooks', 'pruefung'), 'Löschen …'),
    /Was er abgelehnt hat, ist von da an erlaubt.*Gefragt ?Bei der Anmeldung/s,
  ],
]
