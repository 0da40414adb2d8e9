import { EventEmitter, once } from 'node:events'
import { userInfo } from 'node:os'
import { Command, CommanderError } from 'commander'
import { type AuditContext, runInAuditContext, settled } from '../shared/audit-context.ts'
import { groupCommands } from './access/groups.ts'
import { roleCommands } from './access/roles.ts'
import { auditCommands } from './audit.ts'
import { brandingCommands } from './branding.ts'
import { clientCommands } from './clients/commands.ts'
import { optionOf } from './clients/options.ts'
import { applyCommand } from './configuration/apply.ts'
import { exportCommand } from './configuration/export.ts'
import { planCommand } from './configuration/plan.ts'
import { type Cli, type CliDependencies, CliError } from './context.ts'
import {
  administratorRoleCommands,
  attributeCommands,
  claimCommands,
  hookCommands,
} from './definitions/commands.ts'
import { doctorCommand } from './doctor/doctor.ts'
import { errorLines } from './errors.ts'
import { eventCommands } from './events.ts'
import { hashCostCommand } from './hash-cost.ts'
import { impersonationCommands } from './impersonations.ts'
import { keyCommands } from './keys.ts'
import { migrateCommand } from './migrate.ts'
import { organizationCommands } from './organizations/commands.ts'
import { passwordCommands } from './passwords.ts'
import { providerCommands } from './providers/commands.ts'
import { registrationCommands } from './registration.ts'
import { rejectionCommands } from './rejections.ts'
import { resourceCommands } from './resources/commands.ts'
import { scimTokenCommands } from './scim-tokens.ts'
import type { CliServices } from './services.ts'
import { settingsCommands } from './settings.ts'
import { printable } from './text.ts'
import { textsCommands } from './texts.ts'
import { userCommands } from './users/commands.ts'
import { viewCommands } from './views.ts'
import { webhookCommands } from './webhooks.ts'

/**
 * Runs one command.
 * @param argv what follows the name of the program
 * @returns the exit status: 0 done · 1 refused or failed · 2 no such command or option
 */
export async function run(argv: readonly string[], deps: CliDependencies): Promise<number> {
  let opened: Promise<CliServices> | undefined
  let status = 0
  const answers: string[] = []
  const warnings: string[] = []
  const context: AuditContext = { actor: { kind: 'command_line', name: operator() }, settling: [] }
  const cli: Cli = {
    ...deps,
    services: (opening = {}) => {
      opened ??= deps.openServices(deps.env, opening).then((services) => {
        // Not on standard output, which --json promises to one document.
        deps.stderr.write(printable(`Database: ${services.config.database}\n`))
        return services
      })
      return opened
    },
    answer(options, document, text, toKnow = []) {
      const json = options.json === true
      answers.push(json ? `${JSON.stringify(document, null, 2)}\n` : `${printable(text)}\n`)
      if (!json) warnings.push(...toKnow)
    },
    async stream(pieces) {
      for await (const piece of pieces)
        if (deps.stdout.write(piece) === false && deps.stdout instanceof EventEmitter)
          await once(deps.stdout, 'drain')
    },
    setStatus(value) {
      status = value
    },
  }
  try {
    await runInAuditContext(context, () => program(cli, deps).parseAsync([...argv], { from: 'user' }))
  } catch (error) {
    status = refuse(error, deps)
  }
  try {
    // What was done is told when the audit log has it on disk.
    await settled(context)
    for (const answer of answers) deps.stdout.write(answer)
    for (const warning of warnings) deps.stderr.write(printable(`warning: ${warning}\n`))
  } catch (error) {
    status = Math.max(status, refuse(error, deps))
  }
  try {
    const services = await opened?.catch(() => undefined)
    await services?.close()
  } catch (error) {
    status = Math.max(status, refuse(error, deps))
  }
  return status
}

/** Who runs the command, as the operating system knows them; a container may not. */
function operator(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

function program(cli: Cli, { stdout, stderr }: CliDependencies): Command {
  const root = new Command('latchkey')
    .description('Administers a Latchkey identity provider. Reads the same environment as the server.')
    .showHelpAfterError('(--help lists the options)')
  for (const command of [
    clientCommands(cli),
    userCommands(cli),
    impersonationCommands(cli),
    groupCommands(cli),
    roleCommands(cli),
    organizationCommands(cli),
    attributeCommands(cli),
    claimCommands(cli),
    hookCommands(cli),
    administratorRoleCommands(cli),
    resourceCommands(cli),
    providerCommands(cli),
    registrationCommands(cli),
    keyCommands(cli),
    rejectionCommands(cli),
    auditCommands(cli),
    webhookCommands(cli),
    scimTokenCommands(cli),
    eventCommands(cli),
    passwordCommands(cli),
    hashCostCommand(cli),
    viewCommands(cli),
    settingsCommands(cli),
    textsCommands(cli),
    brandingCommands(cli),
    planCommand(cli),
    applyCommand(cli),
    exportCommand(cli),
    migrateCommand(cli),
    doctorCommand(cli),
  ]) {
    root.addCommand(command)
  }
  // Commands that are added, unlike those made by .command(), do not inherit these.
  const settle = (command: Command): void => {
    command
      .exitOverride()
      .showHelpAfterError('(--help lists the options)')
      .configureOutput({
        writeOut: (text) => stdout.write(text),
        writeErr: (text) => stderr.write(printable(text)),
        getOutHelpWidth: () => 110,
        getErrHelpWidth: () => 110,
      })
    for (const child of command.commands) settle(child)
  }
  settle(root)
  return root
}

/** Writes an error to standard error and gives its exit status. Commander has written its own already. */
function refuse(error: unknown, { stderr }: CliDependencies): number {
  if (error instanceof CommanderError) return /help|version/.test(error.code) && error.exitCode === 0 ? 0 : 2
  for (const line of errorLines(error, optionOf)) stderr.write(`${printable(`error: ${line}`)}\n`)
  return error instanceof CliError ? error.status : 1
}
