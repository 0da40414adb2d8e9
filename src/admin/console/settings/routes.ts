import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { TestMailOutcome } from '../../../mail/test-mail.ts'
import type { Settings, SettingsState } from '../../../settings/settings.ts'
import { VersionConflict } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { own } from '../../../shared/own.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { withQuery } from '../page-links.ts'
import {
  labelOf,
  type SentForm,
  type SettingsSection,
  sectionId,
  sectionsOf,
  shownValue,
  textOf,
} from './view.ts'

export interface SettingsAreaDependencies {
  settings: Pick<Settings, 'list' | 'change' | 'fromText' | 'described'>
  /** Sends a test message to an administrator. */
  sendTestMail(accountId: string): Promise<TestMailOutcome>
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/settings': {
      frame: ConsoleFrame
      version: string
      sections: SettingsSection[]
      /** What is stored by now, where it differs from what was typed. */
      conflict: { label: string; value: string }[] | undefined
      /** Why the test message was not sent. */
      testMailProblem: string | undefined
    }
  }
}

const PATH = '/admin/settings'

const text = z.string().max(4000)
const saved = z.looseObject({ section: z.string().max(100), version: z.string().max(20) })
const query = z.object({
  done: z.string().optional().catch(undefined),
  section: z.string().max(100).optional().catch(undefined),
})
const named = z.object({ name: z.string().max(100), version: z.string().max(20) })

const NOTICES: Readonly<Record<string, TextKey>> = {
  saved: 'admin.settings.done.saved',
  same: 'admin.settings.done.same',
  reset: 'admin.settings.done.reset',
  tested: 'admin.settings.done.tested',
  written: 'admin.settings.done.written',
}

/** Why a test message was not sent; undefined: it was. */
export function testMailProblem(outcome: TestMailOutcome): string | undefined {
  if (outcome.kind === 'sent') return undefined
  return outcome.kind === 'no_address'
    ? t('admin.settings.test.no_address')
    : t('admin.settings.test.failed', { to: outcome.to, reason: outcome.reason })
}

/** `/admin/settings`: what may be changed while the server runs. */
export async function settingsArea(
  app: FastifyInstance,
  { settings, sendTestMail }: ConsoleDependencies & SettingsAreaDependencies,
): Promise<void> {
  interface Again {
    sent?: SentForm
    /** The section that is open: the one that the address names. */
    open?: string | undefined
    conflict?: { label: string; value: string }[]
    status?: number
    notice?: string | undefined
    testMailProblem?: string | undefined
  }

  const show = (
    request: FastifyRequest,
    reply: FastifyReply,
    state: SettingsState,
    { sent, open, conflict, status = 200, notice, testMailProblem }: Again = {},
  ) =>
    renderConsole(
      request,
      reply,
      'settings',
      'admin/settings',
      {
        version: state.version,
        sections: sectionsOf(state, administratorOf(request).authority.permissions.has('settings.update'), {
          sent,
          open,
        }),
        conflict,
        testMailProblem,
      },
      { notice, status },
    )

  /** What was typed into the fields of a section. No setting is a secret, whatever its name. */
  function typedOf(state: SettingsState, body: Record<string, unknown>): Record<string, string> {
    const typed = state.settings.flatMap(({ name, pinnedBy }) => {
      const { data } = text.safeParse(body[name])
      return data === undefined || pinnedBy !== undefined ? [] : [[name, data.trim()]]
    })
    return Object.fromEntries(typed)
  }

  /** What of it is another value than the one that counts. */
  function changesOf(state: SettingsState, typed: Record<string, string>): Record<string, unknown> {
    const changes = state.settings.flatMap(({ name, value }) => {
      const of = own(typed, name)
      const given = of === undefined ? value : settings.fromText(name, of)
      return textOf(given) === textOf(value) ? [] : [[name, given]]
    })
    return Object.fromEntries(changes)
  }

  app.get(PATH, { config: { admin: 'settings.read' } }, async (request, reply) => {
    const { done, section: open } = query.parse(request.query)
    return show(request, reply, await settings.list(), { open, notice: noticeIn(NOTICES, done) })
  })

  app.post(PATH, { config: { admin: 'settings.update' } }, async (request, reply) => {
    const body = saved.parse(request.body ?? {})
    const state = await settings.list()
    const values = typedOf(state, body)
    const changes = changesOf(state, values)
    const sent = { section: body.section, form: { values } }
    try {
      await settings.change(changes, { ifVersion: body.version })
    } catch (error) {
      if (error instanceof VersionConflict) {
        const conflict = state.settings
          .filter(({ name }) => Object.hasOwn(changes, name))
          .map((setting) => ({ label: labelOf(setting), value: shownValue(setting.value) }))
        return show(request, reply, state, { sent, conflict, status: 409 })
      }
      const refused = asFormErrors(error)
      const form = { ...sent.form, ...refused }
      return show(request, reply, state, { sent: { ...sent, form }, status: 422 })
    }
    const done = Object.keys(changes).length === 0 ? 'same' : 'saved'
    return reply.redirect(withQuery(PATH, { done, section: sectionId(body.section) }), 303)
  })

  app.post(
    `${PATH}/test-mail`,
    { config: { admin: 'settings.test_mail', formPage: PATH } },
    async (request, reply) => {
      const outcome = await sendTestMail(administratorOf(request).id)
      if (outcome.kind === 'sent')
        return reply.redirect(
          `${PATH}?done=${outcome.file === undefined ? 'tested' : 'written'}&section=mail`,
          303,
        )
      return show(request, reply, await settings.list(), {
        open: 'mail',
        testMailProblem: testMailProblem(outcome),
        status: 422,
      })
    },
  )

  app.post(
    `${PATH}/reset`,
    { config: { admin: 'settings.update', formPage: PATH } },
    async (request, reply) => {
      const { name, version } = named.parse(request.body ?? {})
      await settings.change({ [name]: null }, { ifVersion: version })
      const of = settings.described.find((each) => each.name === name)
      return reply.redirect(withQuery(PATH, { done: 'reset', section: of && sectionId(of.section) }), 303)
    },
  )
}
