import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { copyOf, overriddenViews, viewsLike } from '../http/pages/overridden-views.ts'
import { type Cli, CliError, createCommand, type Options } from './context.ts'
import { PROGRAM } from './program.ts'
import { table } from './text.ts'

/** `latchkey views …`: they open no database. */
export const viewCommands = (cli: Cli): Command =>
  new Command('views')
    .description('Views in the place of those that ship, in the folder VIEWS_DIR')
    .addCommand(copy(cli))
    .addCommand(check(cli))

/** @throws CliError where no folder is named */
function folderOf(cli: Cli): string {
  const folder = cli.env.VIEWS_DIR
  if (!folder) throw new CliError(['Set VIEWS_DIR to the folder of your views, as for the server.'])
  return resolve(folder)
}

const copy = (cli: Cli): Command =>
  createCommand('copy', 'copy a view that ships into VIEWS_DIR, to change it there')
    .argument('<view>', 'its name below views, like accounts/register')
    .action((name: string, options: Options) => {
      const folder = folderOf(cli)
      const view = name.endsWith('.eta') ? name : `${name}.eta`
      const text = copyOf(view)
      if (text === undefined) throw new CliError([`there is no view ${name}`, ...like(name)])
      const file = join(folder, view)
      mkdirSync(dirname(file), { recursive: true })
      try {
        writeFileSync(file, text, { flag: 'wx' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        throw new CliError([`${file} is there already: move it away first, it stays as it is`])
      }
      cli.answer(
        options,
        { view, file },
        `${file} is what the server ships. Change it, and start the server again.`,
      )
    })

/** What there is beside a name that no view has. */
function like(name: string): string[] {
  const found = viewsLike(name)
  return found.length > 0 ? [`there are: ${found.join(', ')}`] : []
}

const AGES = {
  current: 'as it ships now, but for your changes',
  changed: 'copied of another version',
  unknown: 'does not say what it was copied of',
} as const

const check = (cli: Cli): Command =>
  createCommand('check', 'list the views of VIEWS_DIR, and which of them ship otherwise by now').action(
    (options: Options) => {
      const { views, problems } = overriddenViews(folderOf(cli))
      if (problems.length > 0) throw new CliError(problems)
      const outOfDate = views.filter(({ age }) => age === 'changed').map(({ view }) => view)
      if (outOfDate.length > 0) cli.setStatus(1)
      const rows = views.map(({ view, age }) => [view, AGES[age]])
      const nextStep = `Compare them with a new copy: VIEWS_DIR=new ${PROGRAM} views copy ${outOfDate[0]?.replace(/\.eta$/, '')}`
      cli.answer(
        options,
        { views: views.map(({ view, file, age }) => ({ view, file, age })), out_of_date: outOfDate },
        [
          views.length === 0 ? 'No view is replaced.' : table(rows),
          ...(outOfDate.length > 0 ? [nextStep] : []),
        ].join('\n'),
      )
    },
  )
