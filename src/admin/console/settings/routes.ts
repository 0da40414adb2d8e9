import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeOf } from '../../../http/forms/notice.ts'
import type { TestMailOutcome } from '../../../mail/test-mail.ts'
import type { Settings, SettingsState } from '../../../settings/settings.ts'
import { VersionConflict } from '../../../shared/errors.ts'
import { own } from '../../../shared/own.ts'
import { administratorOf, type ConsoleDependencies, type ConsoleFrame, renderConsole } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { type SentForm, type SettingsSection, sectionsOf, textOf } from './view.ts'

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
const named = z.object({ name: z.string().max(100), version: z.string().max(20) })

const NOTICES: Readonly<Record<string, string>> = {
  saved: 'The settings are saved. They count in every process within two seconds.',
  same: 'Nothing was changed: everything is as it was.',
  reset: 'The setting has its default again.',
  tested: 'The test message is sent. If it does not arrive, look into the folder for spam.',
  written: 'There is no mail server (SMTP_URL): the test message is a file in the folder outbox of the data.',
}

/** Why a test message was not sent; undefined: it was. */
export function testMailProblem(outcome: TestMailOutcome): string | undefined {
  if (outcome.kind === 'sent') return undefined
  return outcome.kind === 'no_address'
    ? 'Your account has no confirmed email address that a test message could go to.'
    : `The test message to ${outcome.to} was not sent. The mail server says: ${outcome.reason}`
}

/** `/admin/settings`: what may be changed while the server runs. */
export async function settingsArea(
  app: FastifyInstance,
  { settings, sendTestMail }: ConsoleDependencies & SettingsAreaDependencies,
): Promise<void> {
  interface Again {
    sent?: SentForm
    conflict?: { label: string; value: string }[]
    status?: number
    notice?: string | undefined
    testMailProblem?: string | undefined
  }

  const show = (
    request: FastifyRequest,
    reply: FastifyReply,
    state: SettingsState,
    { sent, conflict, status = 200, notice, testMailProblem }: Again = {},
  ) =>
    renderConsole(
      request,
      reply,
      'settings',
      'admin/settings',
      {
        version: state.version,
        sections: sectionsOf(
          state,
          administratorOf(request).authority.permissions.has('settings.update'),
          sent,
        ),
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
    const { done } = z.object({ done: z.string().optional().catch(undefined) }).parse(request.query)
    return show(request, reply, await settings.list(), { notice: noticeOf(NOTICES, done) })
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
          .map(({ label, value }) => ({ label, value: textOf(value) || 'none' }))
        return show(request, reply, state, { sent, conflict, status: 409 })
      }
      const form = { ...sent.form, ...asFormErrors(error) }
      return show(request, reply, state, { sent: { ...sent, form }, status: 422 })
    }
    return reply.redirect(`${PATH}?done=${Object.keys(changes).length === 0 ? 'same' : 'saved'}`, 303)
  })

  app.post(
    `${PATH}/test-mail`,
    { config: { admin: 'settings.test_mail', formPage: PATH } },
    async (request, reply) => {
      const outcome = await sendTestMail(administratorOf(request).id)
      if (outcome.kind === 'sent')
        return reply.redirect(`${PATH}?done=${outcome.file === undefined ? 'tested' : 'written'}`, 303)
      return show(request, reply, await settings.list(), {
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
      return reply.redirect(`${PATH}?done=reset`, 303)
    },
  )
}
