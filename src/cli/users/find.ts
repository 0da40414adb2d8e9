import type { Account } from '../../accounts/account.ts'
import { CliError } from '../context.ts'
import type { CliServices } from '../services.ts'

/** @param login ID, username or email address @throws CliError when there is none */
export async function findAccount(
  { accounts }: Pick<CliServices, 'accounts'>,
  login: string,
): Promise<Account> {
  const account = await accounts.find(login)
  if (account === undefined)
    throw new CliError([`there is no account with the ID, username or email address ${login}`])
  return account
}
