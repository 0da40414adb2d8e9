import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { noticeIn } from '../../../http/forms/notice.ts'
import { policyWith } from '../../../http/headers.ts'
import type { SetupProgress } from '../../../settings/setup-progress.ts'
import { AppError } from '../../../shared/errors.ts'
import type { Finding } from '../../../shared/finding.ts'
import { message, type TextKey, t } from '../../../shared/locales/texts.ts'
import type { FiguresDependencies } from '../../figures.ts'
import { kindsInWords } from '../clients/presets.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { type SettingsAreaDependencies, testMailProblem } from '../settings/routes.ts'
import { arrivalOf, findingsOf } from './address.ts'
import { mailFacts } from './mail.ts'
import { nextOf, type ShownStep, stepsOf } from './steps.ts'

export interface SetupAreaDependencies extends Pick<SettingsAreaDependencies, 'sendTestMail'> {
  setup: SetupProgress
  /** Whether anything is said of how the server looks. */
  branded(): Promise<boolean>
  firstSteps: FiguresDependencies['firstSteps']
  /** What only the environment says. Read at each use: a sender is a setting. */
  environment(): { smtpUrl: string | undefined; mailFrom: string; trustsProxy: boolean }
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/setup': {
      frame: ConsoleFrame
      steps: ShownStep[]
      next: { href: string; title: string } | undefined
      dismissed: boolean
    }
    'admin/setup-step': {
      frame: ConsoleFrame
      title: string
      below: { href: string; label: string }[]
      step: ShownStep
      steps: ShownStep[]
      next: { href: string; title: string } | undefined
      rejection: string | undefined
      /** Of the step `mail`. */
      mail: ReturnType<typeof mailFacts> | undefined
      /** Of the step `address`. */
      address: { findings: Finding[]; issuer: string; document: string; works: boolean } | undefined
      /** Of the step `app`. */
      kinds: { href: string; title: string; about: string }[]
    }
  }
}

const PATH = '/admin/setup'

const NOTICES: Readonly<Record<string, TextKey>> = {
  sent: 'admin.settings.done.tested',
  written: 'admin.setup.done.written',
  address: 'admin.setup.done.address',
  skipped: 'admin.setup.done.skipped',
  dismissed: 'admin.setup.done.dismissed',
  resumed: 'admin.setup.done.resumed',
}

/** The steps, as they are now. */
export async function setupSteps(
  deps: Pick<SetupAreaDependencies, 'setup' | 'branded' | 'firstSteps'>,
): Promise<ShownStep[]> {
  const [branded, { clients }] = await Promise.all([deps.branded(), deps.firstSteps()])
  return stepsOf(deps.setup.current(), { branded, clients })
}

/** `/admin/setup`: what is left to do after the first administrator is made, a page a step; each can be left and taken up again. */
export async function setupArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & SetupAreaDependencies,
): Promise<void> {
  const { setup, issuer } = deps
  const read = { config: { admin: 'overview.read' } } as const
  const act = { config: { admin: 'setup.update', formPage: PATH } } as const

  const noticeOf = (request: FastifyRequest): string | undefined =>
    noticeIn(NOTICES, (request.query as { done?: unknown }).done)

  async function stepOf(id: string) {
    const steps = await setupSteps(deps)
    const step = steps.find((each) => each.id === id)
    if (step === undefined) throw new AppError('not_found', 404, message('admin.setup.no_such'))
    return { step, steps, next: nextOf(steps, step.id) }
  }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    rejection?: string,
  ): Promise<FastifyReply> {
    const { step, steps, next } = await stepOf(id)
    const findings = findingsOf(issuer, deps.environment().trustsProxy, arrivalOf(request))
    // The script asks for the discovery document at the public address, which may be another origin.
    if (step.id === 'address')
      reply.header('content-security-policy', policyWith({ 'connect-src': ["'self'", issuer.origin] }))
    return renderConsole(
      request,
      reply,
      'dashboard',
      'admin/setup-step',
      {
        ...{ step, steps, next, rejection },
        title: step.title,
        below: [{ href: PATH, label: t('admin.setup.title') }],
        mail: step.id === 'mail' ? mailFacts(deps.environment(), issuer) : undefined,
        address:
          step.id === 'address'
            ? {
                findings,
                issuer: issuer.href.replace(/\/$/, ''),
                document: `${issuer.href.replace(/\/$/, '')}/.well-known/openid-configuration`,
                works: findings.every(({ status }) => status === 'ok'),
              }
            : undefined,
        kinds: step.id === 'app' ? kindsInWords() : [],
      },
      { status: rejection === undefined ? 200 : 422, notice: noticeOf(request) },
    )
  }

  app.get(PATH, read, async (request, reply) => {
    const steps = await setupSteps(deps)
    const data = { steps, next: nextOf(steps), dismissed: setup.current().dismissed }
    return renderConsole(request, reply, 'dashboard', 'admin/setup', data, { notice: noticeOf(request) })
  })

  app.get<{ Params: { step: string } }>(`${PATH}/:step`, read, async (request, reply) =>
    show(request, reply, request.params.step),
  )

  app.post(
    `${PATH}/mail/test`,
    { config: { admin: 'settings.test_mail', formPage: `${PATH}/mail` } },
    async (request, reply) => {
      const outcome = await deps.sendTestMail(administratorOf(request).id)
      const problem = testMailProblem(outcome)
      if (problem !== undefined) return show(request, reply, 'mail', problem)
      const written = outcome.kind === 'sent' && outcome.file !== undefined
      // A file is no proof that mail arrives.
      if (!written) await setup.mark('mail', 'done')
      return reply.redirect(`${PATH}/mail?done=${written ? 'written' : 'sent'}`, 303)
    },
  )

  app.post(
    `${PATH}/address/confirm`,
    { config: { admin: 'setup.update', formPage: `${PATH}/address` } },
    async (request, reply) => {
      const findings = findingsOf(issuer, deps.environment().trustsProxy, arrivalOf(request))
      if (findings.some(({ status }) => status !== 'ok'))
        return show(request, reply, 'address', t('admin.setup.address.wrong'))
      await setup.mark('address', 'done')
      return reply.redirect(`${PATH}/address?done=address`, 303)
    },
  )

  app.post<{ Params: { step: string } }>(`${PATH}/:step/skip`, act, async (request, reply) => {
    const { step, next } = await stepOf(request.params.step)
    await setup.mark(step.id, 'skipped')
    return reply.redirect(`${next?.href ?? PATH}?done=skipped`, 303)
  })

  app.post(`${PATH}/dismiss`, act, async (_request, reply) => {
    await setup.dismiss(true)
    return reply.redirect(`${PATH}?done=dismissed`, 303)
  })

  app.post(`${PATH}/resume`, act, async (_request, reply) => {
    await setup.dismiss(false)
    return reply.redirect(`${PATH}?done=resumed`, 303)
  })
}
