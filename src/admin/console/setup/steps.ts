import type { SetupStep, StoredProgress } from '../../../settings/setup-progress.ts'
import type { Permission } from '../../../shared/administration/permissions.ts'
import { t } from '../../../shared/locales/texts.ts'

interface Step {
  id: SetupStep
  /** The permission that going through it needs. */
  needs: Permission
}

/** What each is called and for: `admin.setup.step.…`, `admin.setup.step.….about`. */
const STEPS: readonly Step[] = [
  { id: 'mail', needs: 'settings.test_mail' },
  { id: 'address', needs: 'setup.update' },
  { id: 'look', needs: 'branding.update' },
  { id: 'app', needs: 'client.create' },
]

export interface ShownStep extends Step {
  title: string
  about: string
  state: 'done' | 'skipped' | 'open'
  href: string
}

/** What the server holds already. */
export interface SetupFacts {
  branded: boolean
  clients: number
}

/** The steps and how far they are: what was said of them, or what is there. */
export function stepsOf({ steps }: StoredProgress, { branded, clients }: SetupFacts): ShownStep[] {
  const there: Partial<Record<SetupStep, boolean>> = { look: branded, app: clients > 0 }
  return STEPS.map((step) => ({
    ...step,
    title: t(`admin.setup.step.${step.id}`),
    about: t(`admin.setup.step.${step.id}.about`),
    state: there[step.id] ? 'done' : (steps[step.id] ?? 'open'),
    href: `/admin/setup/${step.id}`,
  }))
}

/** Where to go on: the next open step behind one, else the first open one; undefined: none is open. */
export function nextOf(steps: readonly ShownStep[], after?: SetupStep): ShownStep | undefined {
  const at = steps.findIndex(({ id }) => id === after)
  const open = (step: ShownStep, index: number) => step.state === 'open' && index !== at
  return steps.find((step, index) => index > at && open(step, index)) ?? steps.find(open)
}
