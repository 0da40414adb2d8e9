import { z } from 'zod'
import { orFailed, requireMatch, sendEtag } from '../../http/etag.ts'
import type { SettingsState } from '../../settings/settings.ts'
import type { SettingDescription } from '../../settings/table.ts'
import { AppError } from '../../shared/errors.ts'
import type { RestContext } from './context.ts'
import { callerOf } from './guard.ts'
import { refuseGuardingSettings } from './machine.ts'
import { operation } from './operation.ts'
import { field, time, timestamp } from './schemas.ts'

const area = 'settings' as const

const value = z.union([z.string(), z.number(), z.array(z.string())])

const setting = z
  .object({
    value: value.meta({ description: 'What counts now.' }),
    default: value.meta({ description: 'What counts where nobody has said anything.' }),
    pinned_by: z
      .string()
      .nullable()
      .meta({
        description: 'The environment variable that sets it: it cannot be changed here. null: none does.',
        examples: [null],
      }),
    changed_at: timestamp.nullable().meta({ description: 'null: it was never changed, or reset.' }),
    changed_by: z.string().nullable(),
    problem: z.string().nullable().meta({
      description:
        'Why the stored value, which another version of the server has written, does not count. null: it does.',
    }),
    section: z.string(),
    label: z.string(),
    description: z.string(),
  })
  .meta({ id: 'Setting' })

const settings = z.object({ settings: z.record(z.string(), setting) }).meta({
  id: 'Settings',
  description: 'By name. What an owner may change while the server runs.',
})

const readSettings = operation({
  id: 'readSettings',
  area,
  needs: 'settings.read',
  summary: 'Read the settings',
  safe: true,
  answers: [200, 'All of them; `ETag` names their state.', settings],
})

/** The value of a setting in a body; null resets it. */
function bodyField({ sentence, input }: SettingDescription) {
  if (input.kind === 'number')
    return field({ type: ['integer', 'null'], minimum: input.low, maximum: input.high }, sentence)
  if (input.kind === 'choice')
    return field({ type: ['string', 'null'], enum: [...input.options, null] }, sentence)
  if (input.kind === 'words') return field({ type: ['array', 'null'], items: { type: 'string' } }, sentence)
  return field({ type: ['string', 'null'] }, sentence)
}

const changeSettings = (described: readonly SettingDescription[]) =>
  operation({
    id: 'changeSettings',
    area,
    needs: 'settings.update',
    summary: 'Change settings',
    description:
      'Those that are left out stay; null takes one back to its default. All of them are changed, or, where one is wrong, none. A change counts in every process within two seconds. A client that acts for itself cannot change those by which accounts are guarded (403).',
    conditional: true,
    body: z
      .looseObject(Object.fromEntries(described.map((each) => [each.name, bodyField(each)])), {
        error: 'Send a JSON object.',
      })
      .meta({ examples: [{ registration: 'closed', email_domains: ['example.com'], reset_ttl: null }] }),
    answers: [200, 'The settings as they are now.', settings],
    problems: [409],
  })

const testMail = operation({
  id: 'sendTestMail',
  area,
  needs: 'settings.test_mail',
  summary: 'Send yourself a test message',
  description:
    'To the address of the administrator whose token this is, at once and once, past the queue: the answer says what the mail server said.',
  answers: [
    200,
    'The mail server has taken it, or says why not.',
    z.object({
      sent: z.boolean(),
      to: z.string(),
      problem: z
        .string()
        .nullable()
        .meta({
          description: 'What the mail server said. null: it has taken the message.',
          examples: [null],
        }),
    }),
  ],
  problems: [409],
})

const view = ({ settings: all }: SettingsState): z.input<typeof settings> => ({
  settings: Object.fromEntries(
    all.map((each) => [
      each.name,
      {
        value: each.value as z.input<typeof value>,
        default: each.default as z.input<typeof value>,
        pinned_by: each.pinnedBy ?? null,
        changed_at: each.changed ? time(each.changed.at) : null,
        changed_by: each.changed?.by.name ?? null,
        problem: each.refused ?? null,
        section: each.section,
        label: each.label,
        description: each.sentence,
      },
    ]),
  ),
})

/** `/settings` */
export function settingsRoutes({ app, deps }: RestContext): void {
  const limit = deps.limit('admin')

  app.get('/settings', { ...readSettings, ...limit }, async (_request, reply) => {
    const state = await deps.settings.list()
    sendEtag(reply, state.version)
    return view(state)
  })

  app.post('/settings/test-mail', { ...testMail, ...limit }, async (request) => {
    const caller = callerOf(request)
    const account = caller.kind === 'person' ? await deps.accounts.byId(caller.account.id) : undefined
    const outcome = account ? await deps.testMail(account) : { kind: 'no_address' as const }
    if (outcome.kind === 'no_address')
      throw new AppError('no_address', 409, 'A test message goes to the address of a person.', {
        detail:
          'This token is of a client that acts for itself, or of an account without a verified address.',
      })
    const { kind, to } = outcome
    return { sent: kind === 'sent', to, problem: kind === 'refused' ? outcome.reason : null }
  })

  app.patch('/settings', { ...changeSettings(deps.settings.described), ...limit }, async (request, reply) => {
    refuseGuardingSettings(callerOf(request), Object.keys(request.body), deps.settings.described)
    const { version } = await deps.settings.list()
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    const state = await orFailed(deps.settings.change(request.body, given))
    sendEtag(reply, state.version)
    return view(state)
  })
}
