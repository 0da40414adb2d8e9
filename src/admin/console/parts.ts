import type { FastifyInstance } from 'fastify'
import type { Form } from '../../http/pages/pages.ts'
import type { ConsoleDependencies } from './context.ts'
import { type DrawnField, draw } from './fields.ts'
import { type ConsoleFrame, renderConsole } from './frame.ts'
import type { PageLinks } from './page-links.ts'
import { barChart, type Plot } from './plot.ts'
import { type Tab, tabsOf } from './tabs.ts'

/** A part and its name; what it is made of is in the view (views/admin/parts.eta). */
interface Named<Part> {
  name: string
  part: Part
}

/** A table of a list, as every area draws it. */
interface SampleTable {
  head: string[]
  rows: { name: string; state: { label: string; kind: '' | 'good' | 'warn' | 'bad' }; number: string }[]
}

interface Parts {
  buttons: { label: string; kind: string; disabled: boolean }[]
  fields: Named<{ form: Form; fields: DrawnField[] }>[]
  table: SampleTable
  tags: { label: string; kind: string }[]
  notices: { notice?: string; form: Partial<Form> }[]
  tabs: Tab[]
  menu: { label: string; items: { label: string; href: string }[] }
  chips: { label: string; href: string }[]
  danger: { title: string; text: string; act: string }
  empty: { text: string; act: { label: string; href: string } }
  pager: PageLinks
  copied: { label: string; text: string }
  stat: { title: string; number: number; about: string }
  plots: Plot[]
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'admin/parts': {
      frame: ConsoleFrame
      title: string
      about: string
      heads: Readonly<Record<keyof Parts, string>>
      schemes: { scheme: 'light' | 'dark'; title: string; parts: Parts }[]
    }
  }
}

const HERE = '/admin/parts'

const HEADS: Readonly<Record<keyof Parts, string>> = {
  buttons: 'Buttons',
  fields: 'Fields',
  table: 'Table',
  tags: 'Tags',
  notices: 'Notices',
  tabs: 'Tabs',
  menu: 'Menu',
  chips: 'Chips',
  danger: 'Danger zone',
  empty: 'Empty state',
  pager: 'Pager',
  copied: 'Copy button',
  stat: 'Stat',
  plots: 'Plots',
}

/** Each kind of field. @param prefix of names, which are ids too */
const fieldsOf = (prefix: string): DrawnField[] => {
  const text = (name: string, label: string, hint?: string) => ({ name: `${prefix}_${name}`, label, hint })
  return [
    draw(text('line', 'A line', 'What it is for.'), { kind: 'text' }),
    draw(text('secret', 'A secret'), { kind: 'text', type: 'password' }),
    draw(
      { ...text('optional', 'An optional line'), variable: 'A_VARIABLE', optional: true },
      { kind: 'text' },
    ),
    draw(text('lines', 'Lines', 'One a line.'), { kind: 'lines' }),
    draw(text('choice', 'A choice'), { kind: 'choice', options: ['one', 'another'] }),
    draw(text('check', 'A box', 'Ticked or not.'), { kind: 'check', checked: true }),
    draw(text('boxes', 'Several boxes'), {
      kind: 'boxes',
      boxes: [
        { name: `${prefix}_box_a`, label: 'Ticked', checked: true, heading: 'A group' },
        { name: `${prefix}_box_b`, label: 'Not ticked', checked: false, heading: 'Another group' },
      ],
    }),
    draw(text('fixed', 'A fixed value', 'Shown only.'), {
      kind: 'fixed',
      value: 'value',
      pinnedBy: 'A_VARIABLE',
    }),
  ]
}

const filled = (fields: readonly DrawnField[]): Record<string, string> =>
  Object.fromEntries(fields.map(({ data }) => [data.name, 'one']))

function partsOf(scheme: string): Parts {
  const [empty, full, wrong] = ['empty', 'filled', 'wrong'].map((state) => fieldsOf(`${scheme}_${state}`))
  const all = wrong ?? []
  return {
    buttons: [
      { label: 'First', kind: '', disabled: false },
      { label: 'Second', kind: 'secondary outline', disabled: false },
      { label: 'Danger', kind: 'danger', disabled: false },
      { label: 'Disabled', kind: '', disabled: true },
      { label: 'Second, disabled', kind: 'secondary outline', disabled: true },
    ],
    fields: [
      { name: 'Empty', part: { form: { action: HERE }, fields: empty ?? [] } },
      { name: 'Filled', part: { form: { action: HERE, values: filled(full ?? []) }, fields: full ?? [] } },
      {
        name: 'Wrong',
        part: {
          form: {
            action: HERE,
            values: filled(all),
            errors: Object.fromEntries(
              all.map(({ data }) => [data.name, 'What is wrong, and what would be right.']),
            ),
          },
          fields: all,
        },
      },
    ],
    table: {
      head: ['Name', 'State', 'Number'],
      rows: [
        { name: 'Harbour Notes', state: { label: 'Good', kind: 'good' }, number: '1,234' },
        {
          name: 'A-name-without-a-space-that-is-much-longer-than-its-column',
          state: { label: 'Warning', kind: 'warn' },
          number: '0',
        },
        { name: 'Films', state: { label: 'Bad', kind: 'bad' }, number: '–' },
      ],
    },
    tags: [
      { label: 'Plain', kind: '' },
      { label: 'Good', kind: 'good' },
      { label: 'Warning', kind: 'warn' },
      { label: 'Bad', kind: 'bad' },
    ],
    notices: [{ notice: 'It is done.', form: {} }, { form: { alert: 'It was refused, and this is why.' } }],
    tabs: tabsOf(HERE, { '': 'This', '?tab=2': 'Another', '?tab=3': 'A third' }, ''),
    menu: {
      label: 'Menu',
      items: [
        { label: 'One', href: HERE },
        { label: 'Another', href: HERE },
      ],
    },
    chips: [
      { label: 'Who: ada', href: HERE },
      { label: 'What: client.created', href: HERE },
    ],
    danger: { title: 'What cannot be taken back', text: 'What ends, and for whom.', act: 'Delete' },
    empty: { text: 'There is none yet.', act: { label: 'Add one', href: HERE } },
    pager: { first: HERE, next: HERE },
    copied: { label: 'A value', text: 'lk_1986b2f1a5bfa27a892e33adbbbb62bf' },
    stat: { title: 'A number', number: 12_345, about: 'what it counts' },
    plots: [
      barChart(
        'Some',
        [3, 0, 7, 12, 5].map((value, index) => ({ label: `Day ${index + 1}`, value })),
      ),
      barChart(
        'Nothing',
        [0, 0, 0].map((value, index) => ({ label: `Day ${index + 1}`, value })),
      ),
    ],
  }
}

/** `/admin/parts`: every part of the console in every state, in light and in dark, for who works on it. Not there in production. */
export async function partsArea(app: FastifyInstance, _deps: ConsoleDependencies): Promise<void> {
  if (process.env.NODE_ENV === 'production') return
  app.get(HERE, { config: { admin: 'any' } }, async (request, reply) =>
    renderConsole(request, reply, 'dashboard', 'admin/parts', {
      title: 'Parts',
      about: 'Every part of the console in every state. There is no such page in production.',
      heads: HEADS,
      schemes: [
        { scheme: 'light', title: 'Light', parts: partsOf('light') },
        { scheme: 'dark', title: 'Dark', parts: partsOf('dark') },
      ],
    }),
  )
}
