import { Anchor } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { Empty } from "./components/notices";
import { Shell } from "./components/shell";
import { CalendarPage } from "./pages/calendar";
import { EditCalendarPage, NewCalendarPage } from "./pages/calendar-form";
import { CalendarsPage } from "./pages/calendars";
import { ForecastPage } from "./pages/forecast";
import { RunPage } from "./pages/run";
import { RunsPage } from "./pages/runs";
import { SchedulePage } from "./pages/schedule";
import { EditSchedulePage, NewSchedulePage } from "./pages/schedule-form";
import { SchedulesPage } from "./pages/schedules";
import { SignInPage } from "./pages/sign-in";
import { SystemPage } from "./pages/system";
import { TasksPage } from "./pages/tasks";
import { WorkersPage } from "./pages/workers";

/** Leads to the sign-in page when any call was refused for want of a session, and back again afterwards. */
function useSignedOut(): void {
  const [, navigate] = useLocation();
  const cache = useQueryClient();
  useEffect(() => {
    const leave = () => {
      const { pathname, search } = window.location;
      if (pathname !== "/sign-in") {
        cache.clear();
        const back = pathname === "/" ? "" : `?next=${encodeURIComponent(pathname + search)}`;
        navigate(`/sign-in${back}`, { replace: true });
      }
    };
    window.addEventListener("punctual:signed-out", leave);
    return () => window.removeEventListener("punctual:signed-out", leave);
  }, [navigate, cache]);
}

export function App() {
  useSignedOut();
  return (
    <Switch>
      <Route path="/sign-in" component={SignInPage} />
      <Route>
        <Shell>
          <Switch>
            <Route path="/">
              <Redirect to="/schedules" replace />
            </Route>
            <Route path="/schedules" component={SchedulesPage} />
            <Route path="/schedules/new" component={NewSchedulePage} />
            <Route path="/schedules/:ref/edit">{({ ref }) => <EditSchedulePage key={ref} scheduleRef={ref} />}</Route>
            <Route path="/schedules/:ref">{({ ref }) => <SchedulePage key={ref} scheduleRef={ref} />}</Route>
            <Route path="/runs" component={RunsPage} />
            <Route path="/runs/:id">{({ id }) => <RunPage key={id} id={id} />}</Route>
            <Route path="/forecast" component={ForecastPage} />
            <Route path="/calendars" component={CalendarsPage} />
            <Route path="/calendars/new" component={NewCalendarPage} />
            <Route path="/calendars/:name/edit">{({ name }) => <EditCalendarPage key={name} name={name} />}</Route>
            <Route path="/calendars/:name">{({ name }) => <CalendarPage key={name} name={name} />}</Route>
            <Route path="/tasks" component={TasksPage} />
            <Route path="/workers" component={WorkersPage} />
            <Route path="/system" component={SystemPage} />
            <Route>
              <Empty icon={<IconMapQuestion />} title="There is no such page">
                <Anchor component={Link} href="/schedules">
                  Go to the schedules
                </Anchor>
              </Empty>
            </Route>
          </Switch>
        </Shell>
      </Route>
    </Switch>
  );
}
