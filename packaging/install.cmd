@echo off
rem Installs Colla Parte from the folder that this file lies in.
rem
rem   install.cmd               for this user; a double click does that
rem   install.cmd --system      for all users (as administrator)
rem   install.cmd --uninstall   takes away what the same call without it put there (add --system where that was given)
setlocal
set "from=%~dp0"
set system=no
set uninstall=no
rem Whoever double-clicks sees how it ended before the window goes.
set wait=rem
if "%~1"=="" set wait=pause
:arguments
if "%~1"=="" goto known
if "%~1"=="--system" (set system=yes) else if "%~1"=="--uninstall" (set uninstall=yes) else goto usage
shift
goto arguments

:known
if %system%==yes (
    set "plugins=%CommonProgramFiles%"
    set "programs=%ProgramFiles%\Colla Parte"
) else (
    set "plugins=%LOCALAPPDATA%\Programs\Common"
    set "programs=%LOCALAPPDATA%\Programs\Colla Parte"
)
set failed=no
rem Nothing goes before all is there that is to come: a zip file that is only looked into gives this file alone.
if %uninstall%==yes goto complete
for %%f in ("Colla Parte.vst3" "Colla Parte.clap" bin\colla-parte.exe bin\colla-parte-engraver.exe LICENSE README.md THIRD-PARTY.txt) do if not exist "%from%%%~f" goto incomplete
:complete
rem What is there goes first. A file that a host has open stays, and says so: the plugins before the programs, of which nothing goes then.
if exist "%plugins%\VST3\Colla Parte.vst3\" rd /s /q "%plugins%\VST3\Colla Parte.vst3"
if exist "%plugins%\VST3\Colla Parte.vst3\" goto open
if exist "%plugins%\CLAP\Colla Parte.clap" del /q "%plugins%\CLAP\Colla Parte.clap"
if exist "%plugins%\CLAP\Colla Parte.clap" goto open
if exist "%programs%\" rd /s /q "%programs%"
if exist "%programs%\" set failed=yes
if %failed%==yes goto open
if %uninstall%==yes goto done

if not exist "%plugins%\VST3\" md "%plugins%\VST3"
if not exist "%plugins%\CLAP\" md "%plugins%\CLAP"
md "%programs%"
xcopy /e /i /q /y "%from%Colla Parte.vst3" "%plugins%\VST3\Colla Parte.vst3" > nul
copy /y "%from%Colla Parte.clap" "%plugins%\CLAP\" > nul
for %%f in (bin\colla-parte.exe bin\colla-parte-engraver.exe LICENSE README.md THIRD-PARTY.txt) do copy /y "%from%%%f" "%programs%\" > nul
if not exist "%plugins%\VST3\Colla Parte.vst3\" goto denied
if not exist "%plugins%\CLAP\Colla Parte.clap" goto denied
for %%f in (colla-parte.exe colla-parte-engraver.exe LICENSE README.md THIRD-PARTY.txt) do if not exist "%programs%\%%f" goto denied
echo %plugins%\VST3\Colla Parte.vst3
echo %plugins%\CLAP\Colla Parte.clap
echo %programs%\colla-parte.exe
:done
%wait%
exit /b 0

:open
echo A host has the plugin open, or this is not run as administrator: see to it, and run this again. 1>&2
%wait%
exit /b 1
:denied
echo The files could not be written there. 1>&2
%wait%
exit /b 1
:incomplete
echo This package is not complete: unpack the whole zip file, and run this from there. Nothing was changed. 1>&2
%wait%
exit /b 1
:usage
echo usage: install.cmd [--system] [--uninstall] 1>&2
exit /b 2
