import type { FastifyInstance } from 'fastify'
import { dayOf } from '../../shared/moment.ts'
import { DAYS, FIGURES, type FiguresDependencies, figuresByDay } from '../figures.ts'
import type { ConsoleDependencies, ConsoleFrame } from './context.ts'
import { renderConsole } from './context.ts'
import { barChart, type Plot } from './plot.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'admin/dashboard': {
      frame: ConsoleFrame
      plots: (Plot & { about: string })[]
      todo: { text: string; href?: string; label?: string }[]
    }
  }
}

export type DashboardDependencies = FiguresDependencies

const ABOUT = [
  ['sign_ins', 'Sign-ins', 'people who signed in'],
  ['failed_sign_ins', 'Failed sign-ins', 'wrong passwords and unknown names'],
  ['lockouts', 'Lockouts', 'accounts that were locked after too many wrong passwords'],
  ['active_clients', 'Active clients', 'clients that got tokens, on the busiest day'],
] as const

/** `/admin`: the last thirty days at a glance, and what an installation still lacks. */
export async function dashboardArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & DashboardDependencies,
): Promise<void> {
  app.get('/admin', { config: { admin: 'read' } }, async (request, reply) => {
    const days = await figuresByDay(deps, deps.clock())
    // People and clients of several days are the same ones: a sum of days means nothing.
    const totals: Partial<Record<(typeof ABOUT)[number][0], number>> = {
      sign_ins: await deps.people(FIGURES.sign_ins, DAYS, deps.clock()),
      active_clients: Math.max(0, ...days.map((each) => each.active_clients)),
    }
    const plots = ABOUT.map(([figure, title, about]) => {
      const chart = barChart(
        title,
        days.map((each) => ({ label: dayOf(Date.parse(each.day)), value: each[figure] })),
      )
      return { ...chart, total: totals[figure] ?? chart.total, about }
    })
    return renderConsole(request, reply, 'dashboard', 'admin/dashboard', { plots, todo: await todo(deps) })
  })
}

async function todo(deps: DashboardDependencies) {
  const { clients, mail, publicIssuer } = await deps.firstSteps()
  return [
    clients === 0 && {
      text: 'No app signs in here yet.',
      href: '/admin/clients/new',
      label: 'Register a client',
    },
    !mail && {
      text: 'Messages are written to files: nobody gets them by mail. Set SMTP_URL.',
    },
    !publicIssuer && {
      text: 'The issuer is on this machine only. Set ISSUER to a public https URL before people use it.',
    },
  ].filter((entry) => entry !== false)
}
