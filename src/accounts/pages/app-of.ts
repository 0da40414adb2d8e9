import type { ShownClient } from '../../http/pages/pages.ts'
import type { AccountPagesDependencies } from './dependencies.ts'

/** The app that a person is on the way to, for the head of a page. Undefined: none, or its request is over. */
export const appOn = async (
  { appOf }: Pick<AccountPagesDependencies, 'appOf'>,
  interaction: string | undefined,
): Promise<ShownClient | undefined> => (interaction === undefined ? undefined : appOf(interaction))
