import type { FastifyInstance } from 'fastify'
import type { SecondFactorShares } from '../../accounts/accounts.ts'
import { may } from '../../shared/administration/authority.ts'
import { t } from '../../shared/locales/texts.ts'
import { dayOf, isoDay } from '../../shared/moment.ts'
import { DAYS, FIGURES, type FiguresDependencies, figuresByDay } from '../figures.ts'
import { type Attention, type AttentionDependencies, attentionOf } from './attention.ts'
import type { AuditDependencies } from './audit/routes.ts'
import { type AuditRow, rowOf } from './audit/view.ts'
import { administratorOf, type ConsoleDependencies } from './context.ts'
import { type ConsoleFrame, renderConsole } from './frame.ts'
import { barChart, type Plot } from './plot.ts'
import { type SetupAreaDependencies, setupSteps } from './setup/routes.ts'
import { nextOf, type ShownStep } from './setup/steps.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'admin/dashboard': {
      frame: ConsoleFrame
      plots: (Plot & { about: string; of: string; change: string | undefined })[]
      attention: Attention[]
      /** What was done lately; undefined: it is not for who asks. */
      activity: AuditRow[] | undefined
      shares: { title: string; percent: string; text: string; href: string; label: string }[]
      /** What is left of setting up; undefined: nothing, or it was dismissed. */
      setup: { open: ShownStep[]; done: number; of: number; next: string } | undefined
    }
  }
}

export interface DashboardDependencies
  extends FiguresDependencies,
    AttentionDependencies,
    Pick<AuditDependencies, 'audit' | 'auditSentence'>,
    Pick<SetupAreaDependencies, 'setup' | 'branded'> {}

/** Entries of the log on the page. */
const LINES = 8
const DAY = 86_400_000

const PLOTS = ['sign_ins', 'failed_sign_ins', 'lockouts', 'active_clients'] as const

/** `/admin`: the last thirty days at a glance, and what an installation still lacks. */
export async function dashboardArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & DashboardDependencies,
): Promise<void> {
  app.get('/admin', { config: { admin: 'overview.read' } }, async (request, reply) => {
    const now = deps.clock()
    const { authority } = administratorOf(request)
    const start = now - (DAYS - 1) * DAY
    const [days, before, people, peopleBefore, clientsBefore, attention, activity] = await Promise.all([
      figuresByDay(deps, now),
      deps.countsBefore([FIGURES.failed_sign_ins, FIGURES.lockouts], DAYS, now),
      deps.people(FIGURES.sign_ins, DAYS, now),
      deps.people(FIGURES.sign_ins, DAYS, now - DAYS * DAY, start),
      deps.activeClients(isoDay(now - (2 * DAYS - 1) * DAY)),
      attentionOf(deps, now, (permission) => may(authority, permission)),
      may(authority, 'audit.read') ? deps.audit.list({}, { limit: LINES }) : undefined,
    ])
    const busiest = (of: Iterable<number>) => Math.max(0, ...of)
    const earlier = [...clientsBefore].filter(([day]) => day < isoDay(start)).map(([, count]) => count)
    // People and clients of several days are the same ones: a sum of days means nothing.
    const totals: Partial<Record<(typeof PLOTS)[number], number>> = {
      sign_ins: people,
      active_clients: busiest(days.map((each) => each.active_clients)),
    }
    const past: Record<(typeof PLOTS)[number], number> = {
      sign_ins: peopleBefore,
      failed_sign_ins: before.get(FIGURES.failed_sign_ins) ?? 0,
      lockouts: before.get(FIGURES.lockouts) ?? 0,
      active_clients: busiest(earlier),
    }
    const plots = PLOTS.map((figure) => {
      const chart = barChart(
        t(`admin.dashboard.plot.${figure}`),
        days.map((each) => ({ label: dayOf(Date.parse(each.day)), value: each[figure] })),
      )
      const total = totals[figure] ?? chart.total
      return {
        ...chart,
        total,
        about: t(`admin.dashboard.plot.${figure}.about`),
        of: t(`admin.dashboard.plot.${figure}.of`),
        change: changeOf(total, past[figure]),
      }
    })
    const shares = sharesOf(await deps.secondFactorShares())
    return renderConsole(request, reply, 'dashboard', 'admin/dashboard', {
      plots,
      shares,
      attention,
      activity: activity?.items.map((entry) => rowOf(deps, entry)),
      setup: await openSetup(deps),
    })
  })
}

/** A number against that of as many days before. Undefined: there was nothing to compare with. */
function changeOf(now: number, before: number): string | undefined {
  if (before === 0) return undefined
  const percent = Math.round(((now - before) / before) * 100)
  if (percent === 0) return t('admin.dashboard.change.same', { days: DAYS })
  return t(percent > 0 ? 'admin.dashboard.change.more' : 'admin.dashboard.change.less', {
    percent: Math.abs(percent),
    days: DAYS,
  })
}

/** Who is protected by more than a password, each with the list of those who are not, or are. */
function sharesOf({ people, withSecondFactor, withPasskey }: SecondFactorShares) {
  const percent = (part: number) => `${people === 0 ? 0 : Math.floor((part / people) * 100)} %`
  return [
    {
      title: t('admin.dashboard.share.factor'),
      percent: percent(withSecondFactor),
      text: t('admin.dashboard.share.of', { part: withSecondFactor, people }),
      href: '/admin/users?second_factor=none',
      label: t('admin.dashboard.share.without'),
    },
    {
      title: t('admin.dashboard.share.passkey'),
      percent: percent(withPasskey),
      text: t('admin.dashboard.share.of', { part: withPasskey, people }),
      href: '/admin/users?second_factor=passkey',
      label: t('admin.dashboard.share.with'),
    },
  ]
}

/** What is left of setting up, until its owner says that it is not to be shown. */
async function openSetup(deps: DashboardDependencies) {
  if (deps.setup.current().dismissed) return undefined
  const steps = await setupSteps(deps)
  const next = nextOf(steps)
  if (next === undefined) return undefined
  const open = steps.filter(({ state }) => state === 'open')
  return { open, done: steps.length - open.length, of: steps.length, next: next.href }
}
