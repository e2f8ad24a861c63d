import { useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { useChange, useCreate } from "../api/mutations";
import { useSchedule, useTasks } from "../api/queries";
import type { Schedule, Task } from "../api/types";
import { PageHeader } from "../components/layout";
import { Loading, ProblemNotice, tell } from "../components/notices";
import { ScheduleForm } from "../components/schedule-form/schedule-form";
import { changeOf, draftOfSchedule, EMPTY_DRAFT, nameArguments, SAMPLE_DRAFT } from "../form/draft";

export function NewSchedulePage() {
  const [search] = useSearchParams();
  const [, navigate] = useLocation();
  const create = useCreate();
  const sample = search.has("sample");
  const opened = sample ? SAMPLE_DRAFT : { ...EMPTY_DRAFT, task: search.get("task") ?? "" };
  return (
    <>
      <PageHeader
        title="New schedule"
        parent={{ label: "Schedules", href: "/schedules" }}
        description={sample ? "A sample, ready to be created as it is. Change anything you like first." : undefined}
      />
      <ScheduleForm
        opened={opened}
        schedule={null}
        submitLabel="Create schedule"
        pending={create.isPending}
        error={create.error}
        onCancel={() => navigate("/schedules")}
        onSubmit={(spec, _, allowUnknownTask) => {
          create.mutate(
            { spec, allowUnknownTask },
            {
              onSuccess: (schedule) => {
                tell(`${schedule.name} was created`);
                navigate(`/schedules/${schedule.id}`);
              },
            },
          );
          return null;
        }}
      />
    </>
  );
}

/** The form of one version of a schedule: later versions, seen by polling, do not disturb what is being typed. */
function EditForm({ schedule: current, tasks }: { schedule: Schedule; tasks: Task[] }) {
  const [schedule] = useState(current);
  const [, navigate] = useLocation();
  const change = useChange();
  const [opened] = useState(() => {
    const draft = draftOfSchedule(schedule);
    const signature = tasks.find(({ name }) => name === schedule.task)?.signature;
    return (signature && nameArguments(draft, signature)) ?? draft;
  });
  const back = () => navigate(`/schedules/${schedule.id}`);
  return (
    <ScheduleForm
      opened={opened}
      schedule={schedule.id}
      submitLabel="Save changes"
      pending={change.isPending}
      error={change.error}
      onCancel={back}
      onSubmit={(spec, draft, allowUnknownTask) => {
        const { patch, faults } = changeOf(schedule, opened, draft, spec);
        if (patch !== null) {
          change.mutate(
            { schedule, patch, allowUnknownTask },
            {
              onSuccess: (changed) => {
                tell(`${changed.name} was changed`);
                back();
              },
            },
          );
        }
        return faults;
      }}
    />
  );
}

export function EditSchedulePage({ scheduleRef }: { scheduleRef: string }) {
  const schedule = useSchedule(scheduleRef);
  const tasks = useTasks();
  const error = schedule.error ?? tasks.error;
  return (
    <>
      <PageHeader
        title={schedule.data ? `Edit ${schedule.data.name}` : "Edit schedule"}
        parent={{ label: schedule.data?.name ?? "Schedules", href: `/schedules/${encodeURIComponent(scheduleRef)}` }}
      />
      {schedule.data && tasks.data ? (
        <EditForm schedule={schedule.data} tasks={tasks.data} />
      ) : error ? (
        <ProblemNotice error={error} />
      ) : (
        <Loading label="the schedule" />
      )}
    </>
  );
}
